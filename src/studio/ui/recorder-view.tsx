import { Circle, Square } from 'lucide-react';
import { type ReactElement, type ReactNode, useEffect, useState } from 'react';
import type { LiveSession } from '../live-session.ts';
import { isOver, type PublisherStatus } from '../publish/publisher-status.ts';
import { Recorder, type RecorderOptions } from '../recorder.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { EndWarning } from './end-warning.tsx';
import { formatBytes } from './format-amount.ts';
import { durationToken, formatDuration } from './format-duration.ts';
import { KeptOffers } from './kept-offers.tsx';
import { LevelMeter } from './level-meter.tsx';
import { Preview } from './preview.tsx';
import { type RecorderWords, recorderWords } from './recorder-words.ts';
import { useLeaveWarning } from './use-leave-warning.ts';
import { useObservable } from './use-observable.ts';

/** A recorder that starts by itself and says unmistakably what it is at. `options` must stay the same. */
export function RecorderView(props: {
  options: RecorderOptions;
  /** Told what it is at, for the page's title. */
  onWords: (words: RecorderWords) => void;
  /** What there is to say of a recording that is over. */
  saved: (recording: string) => ReactNode;
}): ReactElement | null {
  const { options } = props;
  const [recorder, setRecorder] = useState<Recorder>();
  useEffect(() => {
    const made = new Recorder(options);
    setRecorder(made);
    void made.open();
    return () => void made.close();
  }, [options]);
  return recorder ? <Recording {...props} recorder={recorder} /> : null;
}

function Recording(props: {
  recorder: Recorder;
  onWords: (words: RecorderWords) => void;
  saved: (recording: string) => ReactNode;
}): ReactElement {
  const { recorder, onWords } = props;
  const { studio, rescue } = recorder;
  const step = useObservable(recorder.step);
  const sources = useObservable(studio.sources.status);
  const session = useObservable(studio.session);
  const refusal = useObservable(studio.refusal);
  const status = useStatus(session);
  const words = recorderWords(step, status, refusal, sources);
  const isOn = status !== null && !isOver(status.state);
  useLeaveWarning(isOn);
  useEffect(() => onWords(words), [onWords, words]);
  return (
    <div className="recorder" data-tone={words.tone} data-recording={words.word === 'Recording'}>
      <div className="recorder-banner" role="status">
        <Circle aria-hidden className="recorder-dot" />
        <div>
          <p className="recorder-word">{words.word}</p>
          <p>{words.sentence}</p>
        </div>
      </div>
      {step !== 'denied' && (
        <Preview
          track={sources.camera.track}
          placeholder={sources.camera.track ? null : (sources.camera.error?.message ?? 'No picture yet.')}
        />
      )}
      {sources.microphone.track && <LevelMeter mixer={studio.mixer} />}
      {sources.microphone.error && words.tone !== 'danger' && (
        <p className="field-error">{sources.microphone.error.message}</p>
      )}
      {isOn && <EndWarning remaining={status.remaining} />}
      {session && status && <Figures session={session} status={status} />}
      {!isOn && status?.recordingId && props.saved(status.recordingId)}
      {!isOn && <KeptOffers rescue={rescue} />}
      <Action recorder={recorder} session={isOn ? session : null} status={status} words={words} />
    </div>
  );
}

/** Stops, starts again, or tries again: whatever there is to do now. */
function Action(props: {
  recorder: Recorder;
  session: LiveSession | null;
  status: PublisherStatus | null;
  words: RecorderWords;
}): ReactElement | null {
  const { recorder, session, status, words } = props;
  const [asking, setAsking] = useState(false);
  if (!session) {
    if (!words.action) return null;
    const act = words.action === 'open' ? () => recorder.open() : () => recorder.start();
    return (
      <ActionButton className="button-live" onPress={() => void act()}>
        <Circle aria-hidden />
        {words.button}
      </ActionButton>
    );
  }
  if (status?.state === 'ending') {
    return (
      <ActionButton onPress={() => session.abandon()}>Close without waiting for the last part</ActionButton>
    );
  }
  return (
    <>
      <ActionButton className="button-danger" onPress={() => setAsking(true)}>
        <Square aria-hidden />
        Stop recording
      </ActionButton>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Stop recording?"
        confirm="Stop and save"
        cancel="Keep recording"
        onConfirm={() => void session.stop()}
      >
        The last part is saved before it ends.
      </ConfirmDialog>
    </>
  );
}

function ActionButton(props: { className?: string; onPress: () => void; children: ReactNode }): ReactElement {
  return (
    <button
      type="button"
      className={`button button-large ${props.className ?? ''}`}
      onClick={() => props.onPress()}
    >
      {props.children}
    </button>
  );
}

/** How long it is, and how much of that is safe. Counts on by itself. */
function Figures({ session, status }: { session: LiveSession; status: PublisherStatus }): ReactElement {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 250);
    return () => clearInterval(timer);
  }, []);
  const waiting = status.total - status.acknowledged;
  return (
    <dl className="figures recorder-figures">
      <div>
        <dt>Recorded</dt>
        <dd>
          <Time ms={session.recordedTime} />
        </dd>
      </div>
      <div>
        <dt>Saved up to</dt>
        <dd>
          <Time ms={session.savedTime} />
        </dd>
      </div>
      {status.catchUp && (
        <div className="figure-wide">
          <dt>
            Uploading what was kept, {formatBytes(status.catchUp.done)} of {formatBytes(status.catchUp.size)}
          </dt>
          <dd>
            <progress
              className="figure-bar"
              max={status.catchUp.size}
              value={status.catchUp.done}
              aria-label="Upload of what was kept"
            />
          </dd>
        </div>
      )}
      {!status.catchUp && waiting > MUCH_WAITING && (
        <div className="figure-wide">
          <dt>Kept on this device until it can be sent</dt>
          <dd>{formatBytes(waiting)}</dd>
        </div>
      )}
    </dl>
  );
}

const MUCH_WAITING = 1_000_000;

const Time = ({ ms }: { ms: number }) => <time dateTime={durationToken(ms)}>{formatDuration(ms)}</time>;

function useStatus(session: LiveSession | null): PublisherStatus | null {
  const [status, setStatus] = useState<PublisherStatus | null>(null);
  useEffect(() => {
    setStatus(session?.status.value ?? null);
    return session?.status.subscribe(() => setStatus(session.status.value));
  }, [session]);
  return status;
}
