import { type ReactElement, type ReactNode, useEffect, useRef } from 'react';
import type { LiveSession } from '../live-session.ts';
import { Observable } from '../observable.ts';
import type { PublishError } from '../publish/publish-error.ts';
import { isOver, type PublisherStatus } from '../publish/publisher-status.ts';
import { EndWarning } from './end-warning.tsx';
import { LiveFigures } from './live-figures.tsx';
import { MainButton } from './main-button.tsx';
import { type OtherBroadcast, Outcome } from './outcome.tsx';
import { type StateWords, stateSentence, stateWords } from './state-words.ts';
import { useLeaveWarning } from './use-leave-warning.ts';
import { useObservable } from './use-observable.ts';
import { WatchLink } from './watch-link.tsx';

const NO_STATUS = new Observable<PublisherStatus | null>(null);

/** Where the broadcast stands, and the buttons that start and end it. `children` are its settings, shown before. */
export function BroadcastPanel(props: {
  session: LiveSession | null;
  refusal: PublishError | null;
  channel: string;
  watchUrl: string;
  recordingUrl: (id: string) => string;
  other: OtherBroadcast | null;
  /** Why nothing can go live now, in words. */
  problem: string | undefined;
  onGoLive: (takeover: boolean) => void;
  onState: (state: StateWords) => void;
  children: ReactNode;
}): ReactElement {
  const { session, onState } = props;
  const status = useObservable<PublisherStatus | null>(session?.status ?? NO_STATUS);
  // The channel's time limit is no failure.
  const limited = status?.error?.code === 'max-duration';
  const state = props.refusal ? 'failed' : limited ? 'ended' : (status?.state ?? 'ready');
  const onAir = status !== null && !isOver(status.state);
  const words = stateWords(state);
  const sentence = props.refusal?.message ?? (status && stateSentence(status));
  const button = useRef<HTMLButtonElement>(null);
  const takeOver = () => {
    // What was pressed goes away.
    button.current?.focus();
    props.onGoLive(true);
  };
  useLeaveWarning(onAir);
  useEffect(() => onState(words), [onState, words]);
  return (
    <section className="panel studio-panel" aria-label="Broadcast">
      <p role="status" className="visually-hidden">
        {words.word}. {sentence}
      </p>
      {sentence && status?.state !== 'failed' && !props.refusal && (
        <p className="studio-sentence">{sentence}</p>
      )}
      <Outcome {...props} status={status} onTakeOver={takeOver} />
      {onAir && <EndWarning remaining={status.remaining} />}
      {onAir && session && <LiveFigures session={session} status={status} />}
      {!onAir && props.children}
      <WatchLink url={props.watchUrl} />
      <div className="studio-action">
        <MainButton
          ref={button}
          session={onAir ? session : null}
          ending={status?.state === 'ending'}
          problem={props.problem}
          onGoLive={() => props.onGoLive(false)}
        />
      </div>
    </section>
  );
}
