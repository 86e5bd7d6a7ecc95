import type { ReactElement } from 'react';
import type { LiveSession } from '../live-session.ts';
import type { PublishError } from '../publish/publish-error.ts';
import type { PublisherStatus } from '../publish/publisher-status.ts';
import { formatDuration } from './format-duration.ts';

/** The channel's broadcast of somebody else. */
export interface OtherBroadcast {
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** What came of the last broadcast, and what to do next: the recording, another try, or taking over. */
export function Outcome(props: {
  session: LiveSession | null;
  status: PublisherStatus | null;
  refusal: PublishError | null;
  channel: string;
  other: OtherBroadcast | null;
  recordingUrl: (id: string) => string;
  onTakeOver: () => void;
}): ReactElement | null {
  const { status, refusal, recordingUrl } = props;
  const error = refusal ?? status?.error;
  if (error?.code === 'channel-busy') return <Busy {...props} since={error.since ?? props.other?.since} />;
  if (error)
    return <Failure error={error} recording={status?.recordingId ?? null} recordingUrl={recordingUrl} />;
  if (status?.state === 'ended')
    return <Ended status={status} airTime={props.session?.airTime ?? 0} recordingUrl={recordingUrl} />;
  if (!status && props.other) return <Busy {...props} since={props.other.since} />;
  return null;
}

function Busy(props: { channel: string; since: number | undefined; onTakeOver: () => void }): ReactElement {
  return (
    <div className="notice" data-tone="warning" role="alert">
      <p>
        <strong>{props.channel}</strong> is live from somewhere else
        {props.since !== undefined && <> since {timeOf(props.since)}</>}.
      </p>
      <p>If you take over, the other broadcaster is disconnected and viewers see your picture.</p>
      <button type="button" className="button" onClick={props.onTakeOver}>
        Take over
      </button>
    </div>
  );
}

function Failure({
  error,
  recording,
  recordingUrl,
}: {
  error: PublishError;
  recording: string | null;
  recordingUrl: (id: string) => string;
}): ReactElement {
  return (
    <div className="notice" data-tone={error.code === 'max-duration' ? 'warning' : 'danger'} role="alert">
      <p>{error.message}</p>
      {error.detail && error.code !== 'max-duration' && (
        <p className="notice-detail">The server says: {error.detail}</p>
      )}
      {recording && (
        <p>
          <a href={recordingUrl(recording)}>Watch the recording</a>
        </p>
      )}
    </div>
  );
}

function Ended(props: {
  status: PublisherStatus;
  airTime: number;
  recordingUrl: (id: string) => string;
}): ReactElement {
  const { status, airTime } = props;
  const delivered = status.total > 0 && status.acknowledged === status.total;
  return (
    <div className="notice" data-tone={delivered ? 'good' : 'warning'}>
      <p>{wordsOfEnd(status, airTime)}</p>
      {status.recordingId && (
        <p>
          <a href={props.recordingUrl(status.recordingId)}>Watch the recording</a>
        </p>
      )}
    </div>
  );
}

function wordsOfEnd(status: PublisherStatus, airTime: number): string {
  if (status.total === 0) return 'It ended before anything was sent.';
  if (status.acknowledged < status.total) return 'The broadcast is over. Its last part was not delivered.';
  const length = airTime > 0 ? ` after ${formatDuration(airTime)}` : '';
  const recorded = status.recordingId ? '' : ' It was not recorded.';
  return `The broadcast is over${length}. Everything was delivered.${recorded}`;
}

function timeOf(since: number): string {
  const date = new Date(since);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(
    [],
    today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' },
  );
}
