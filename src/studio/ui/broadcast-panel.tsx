import { Radio, Square } from 'lucide-react';
import { type ReactElement, type ReactNode, useEffect, useId, useState } from 'react';
import type { LiveSession } from '../live-session.ts';
import { Observable } from '../observable.ts';
import type { PublishError } from '../publish/publish-error.ts';
import { isOver, type PublisherStatus } from '../publish/publisher-status.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { LiveFigures } from './live-figures.tsx';
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
  const state = props.refusal ? 'failed' : (status?.state ?? 'ready');
  const onAir = status !== null && !isOver(status.state);
  const words = stateWords(state);
  const sentence = props.refusal?.message ?? (status && stateSentence(status));
  useLeaveWarning(onAir);
  useEffect(() => onState(words), [onState, words]);
  return (
    <section className="panel studio-panel" aria-label="Broadcast">
      <p role="status" className="visually-hidden">
        {words.word}. {sentence}
      </p>
      {sentence && state !== 'failed' && <p className="studio-sentence">{sentence}</p>}
      <Outcome {...props} status={status} />
      {onAir && session && <LiveFigures session={session} status={status} />}
      {!onAir && props.children}
      <WatchLink url={props.watchUrl} />
      <div className="studio-action">
        {onAir && session ? (
          <StopButton session={session} ending={status.state === 'ending'} />
        ) : (
          <GoLiveButton problem={props.problem} onGoLive={() => props.onGoLive(false)} />
        )}
      </div>
    </section>
  );
}

function GoLiveButton(props: { problem: string | undefined; onGoLive: () => void }): ReactElement {
  const id = useId();
  return (
    <>
      <button
        type="button"
        className="button button-live button-large"
        disabled={props.problem !== undefined}
        aria-describedby={props.problem && id}
        onClick={props.onGoLive}
      >
        <Radio aria-hidden />
        Go live
      </button>
      {props.problem && (
        <p id={id} className="field-hint">
          {props.problem}
        </p>
      )}
    </>
  );
}

function StopButton({ session, ending }: { session: LiveSession; ending: boolean }): ReactElement {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button
        type="button"
        className="button button-danger button-large"
        disabled={ending}
        onClick={() => setAsking(true)}
      >
        <Square aria-hidden />
        Stop
      </button>
      {ending && (
        <button type="button" className="button button-quiet" onClick={() => session.abandon()}>
          Give up the last part
        </button>
      )}
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Stop the broadcast?"
        confirm="Stop broadcast"
        cancel="Keep going"
        onConfirm={() => void session.stop()}
      >
        Viewers are told that it is over. The last part of the recording is delivered before the connection
        closes.
      </ConfirmDialog>
    </>
  );
}
