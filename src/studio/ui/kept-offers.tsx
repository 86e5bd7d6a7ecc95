import { type ReactElement, useState } from 'react';
import type { Leftover, Rescue } from '../rescue.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { formatBitrate, formatBytes } from './format-amount.ts';
import { useObservable } from './use-observable.ts';

/** What earlier tabs left behind unsent: to be uploaded, or discarded. Nothing where there is none. */
export function KeptOffers(props: {
  rescue: Rescue;
  recordingUrl?: ((id: string) => string) | undefined;
}): ReactElement | null {
  const leftovers = useObservable(props.rescue.leftovers);
  if (leftovers.length === 0) return null;
  return (
    <ul className="kept-offers" aria-label="Unsent recordings">
      {leftovers.map((leftover) => (
        <li key={leftover.kept.session} className="notice" data-tone={TONES[leftover.state]}>
          <KeptOffer leftover={leftover} {...props} />
        </li>
      ))}
    </ul>
  );
}

const TONES = { offered: 'warning', sending: undefined, sent: 'good', refused: 'danger' } as const;

function KeptOffer(props: {
  leftover: Leftover;
  rescue: Rescue;
  recordingUrl?: ((id: string) => string) | undefined;
}): ReactElement {
  const { leftover, rescue } = props;
  switch (leftover.state) {
    case 'offered':
      return (
        <>
          <p>
            <strong>A broadcast was cut off before all of it was sent.</strong> {nameOf(leftover)}:{' '}
            {sizeOf(leftover)} of it are still on this device.
          </p>
          <p>Upload them, and its recording is complete.</p>
          <Choices {...props} upload="Upload the rest" />
        </>
      );
    case 'sending':
      return <Sending leftover={leftover} />;
    case 'sent':
      return (
        <>
          <p role="status">The rest is uploaded. The recording is complete.</p>
          <div className="row-actions">
            {leftover.status?.recordingId && props.recordingUrl && (
              <a className="button" href={props.recordingUrl(leftover.status.recordingId)}>
                Watch the recording
              </a>
            )}
            <button type="button" className="button" onClick={() => rescue.dismiss(leftover.kept)}>
              Close
            </button>
          </div>
        </>
      );
    case 'refused':
      return (
        <>
          <p role="alert">{leftover.problem}</p>
          <p className="notice-detail">
            {nameOf(leftover)}, {sizeOf(leftover)} unsent.
          </p>
          <Choices {...props} upload={leftover.retry ? 'Try again' : undefined} />
        </>
      );
  }
}

function Sending({ leftover: { kept, status } }: { leftover: Leftover }): ReactElement {
  const size = kept.end - kept.start;
  const done = Math.min(size, Math.max(0, (status?.acknowledged ?? 0) - kept.start));
  const rate = status?.catchUp?.rate ?? 0;
  return (
    <>
      <p role="status">Uploading the rest of the broadcast…</p>
      <progress className="figure-bar" max={size} value={done} aria-label="Upload of the rest" />
      <p className="notice-detail">
        {Math.floor((100 * done) / size)} %, {formatBytes(done)} of {formatBytes(size)}
        {rate > 0 && ` at ${formatBitrate(rate)}`}
        {status?.problem && `. ${status.problem} Trying again…`}
      </p>
    </>
  );
}

function Choices(props: { leftover: Leftover; rescue: Rescue; upload: string | undefined }): ReactElement {
  const { leftover, rescue } = props;
  const [asking, setAsking] = useState(false);
  return (
    <div className="row-actions">
      {props.upload && (
        <button type="button" className="button button-primary" onClick={() => void rescue.send(leftover)}>
          {props.upload}
        </button>
      )}
      <button type="button" className="button" onClick={() => setAsking(true)}>
        Discard
      </button>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Discard what was not sent?"
        confirm="Discard"
        cancel="Keep it"
        onConfirm={() => void rescue.discard(leftover)}
      >
        {sizeOf(leftover)} of the recording are deleted from this device. What the server has already stays.
      </ConfirmDialog>
    </div>
  );
}

const sizeOf = ({ kept }: Leftover) => formatBytes(kept.end - kept.start);

const nameOf = ({ kept }: Leftover) => {
  const started = new Date(kept.startedAt).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  return kept.title ? `“${kept.title}”, started ${started}` : `Started ${started}`;
};
