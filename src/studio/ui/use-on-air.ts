import { useSyncExternalStore } from 'react';
import type { LiveSession } from '../live-session.ts';
import { isOver } from '../publish/publisher-status.ts';

const NOTHING = () => () => {};

/** Whether a session is on, or on its way: the component follows that alone, not every figure. */
export function useOnAir(session: LiveSession | null): boolean {
  return useSyncExternalStore(
    session?.status.subscribe ?? NOTHING,
    () => session !== null && !isOver(session.status.value.state),
  );
}
