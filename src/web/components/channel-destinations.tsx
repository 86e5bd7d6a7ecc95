import { type ReactElement, useCallback, useMemo } from 'react';
import { type DestinationActions, DestinationsPanel } from '../../studio/ui/destinations-panel.tsx';
import {
  actOnDestination,
  createDestination,
  deleteDestination,
  listDestinations,
  testDestination,
  updateDestination,
} from '../api/destinations.ts';
import { ProblemNotice } from './problem-notice.tsx';
import { usePolled } from './use-polled.ts';

const REFRESH_EVERY = 2000;
/** A server that says nothing for so long is taken for gone; in ms. */
const ANSWER_WITHIN = 8000;

/** A channel's destinations, over the API. */
export function ChannelDestinations({ channel, isLive }: { channel: string; isLive: boolean }): ReactElement {
  const load = useCallback(() => listDestinations(channel, AbortSignal.timeout(ANSWER_WITHIN)), [channel]);
  const { value, problem, reload } = usePolled(load, REFRESH_EVERY);
  const actions = useMemo<DestinationActions>(() => {
    const then = async (action: Promise<unknown>) => {
      await action;
      await reload();
    };
    return {
      add: (destination) => then(createDestination(channel, destination)),
      change: (id, change) => then(updateDestination(channel, id, change)),
      remove: (id) => then(deleteDestination(channel, id)),
      start: (id) => then(actOnDestination(channel, id, 'start')),
      stop: (id) => then(actOnDestination(channel, id, 'stop')),
      test: (id) => testDestination(channel, id),
    };
  }, [channel, reload]);
  return (
    <>
      <ProblemNotice problem={problem} />
      <DestinationsPanel
        destinations={value}
        isCurrent={problem === null}
        isLive={isLive}
        actions={actions}
      />
    </>
  );
}
