import { type ReactElement, useEffect, useState } from 'react';
import type { LiveSession } from '../live-session.ts';
import type { CatchUpProgress } from '../publish/catch-up.ts';
import type { PublisherStatus } from '../publish/publisher-status.ts';
import { formatBitrate, formatBytes } from './format-amount.ts';
import { durationToken, formatDuration } from './format-duration.ts';

/** From here on so much waits that the connection is too slow, in bytes. */
const MUCH_WAITING = 2_000_000;

/** The figures of a broadcast that is on. */
export function LiveFigures({
  session,
  status,
}: {
  session: LiveSession;
  status: PublisherStatus;
}): ReactElement {
  const waiting = status.total - status.acknowledged;
  const share = Math.min(1, status.bitrate / session.targetBitrate);
  return (
    <dl className="figures figures-live">
      <div>
        <dt>On air for</dt>
        <dd>
          <Elapsed session={session} />
        </dd>
      </div>
      <div>
        <dt>Viewers</dt>
        <dd>{status.viewers.toLocaleString('en')}</dd>
      </div>
      <div data-tone={isTrouble(status.recording) ? 'danger' : undefined}>
        <dt>Recording</dt>
        <dd>{status.recording === null ? '–' : RECORDING[status.recording]}</dd>
      </div>
      <div className="figure-wide">
        <dt>Upload</dt>
        <dd>
          {formatBitrate(status.bitrate)}{' '}
          <span className="figure-note">of {formatBitrate(session.targetBitrate)}</span>
          <progress className="figure-bar" max={1} value={share} aria-label="Upload against target" />
        </dd>
      </div>
      {status.catchUp && <CatchUpFigure progress={status.catchUp} />}
      <div className="figure-half" data-tone={waiting > MUCH_WAITING ? 'warning' : undefined}>
        <dt>Not yet confirmed</dt>
        <dd>{formatBytes(waiting)}</dd>
      </div>
      <div className="figure-half">
        <dt>Round trip</dt>
        <dd>{status.roundTrip === null ? '–' : `${Math.round(status.roundTrip)} ms`}</dd>
      </div>
    </dl>
  );
}

/** What a cut has left is being uploaded. */
function CatchUpFigure({ progress }: { progress: CatchUpProgress }): ReactElement {
  const { done, size, rate } = progress;
  return (
    <div className="figure-wide" data-tone="warning">
      <dt>Catching up</dt>
      <dd>
        {Math.floor((100 * done) / size)} %{' '}
        <span className="figure-note">
          {formatBytes(done)} of {formatBytes(size)}
          {rate > 0 && ` at ${formatBitrate(rate)}`}
        </span>
        <progress className="figure-bar" max={size} value={done} aria-label="Upload of what was kept" />
      </dd>
    </div>
  );
}

const RECORDING: Record<NonNullable<PublisherStatus['recording']>, string> = {
  off: 'Off',
  recording: 'On',
  damaged: 'Damaged',
  'no-room': 'No room on the server',
};

const isTrouble = (recording: PublisherStatus['recording']) =>
  recording === 'damaged' || recording === 'no-room';

/** Counts on by itself; the screen is the only one that needs it. */
function Elapsed({ session }: { session: LiveSession }): ReactElement {
  const [elapsed, setElapsed] = useState(session.airTime);
  useEffect(() => {
    const timer = setInterval(() => setElapsed(session.airTime), 250);
    return () => clearInterval(timer);
  }, [session]);
  return <time dateTime={durationToken(elapsed)}>{formatDuration(elapsed)}</time>;
}
