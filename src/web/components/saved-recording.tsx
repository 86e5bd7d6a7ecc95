import { type ReactElement, useEffect, useState } from 'react';
import type { RecordingResource } from '../../wire/api.ts';
import { getRecording } from '../api/recordings.ts';
import { isSignedIn } from '../api/session.ts';
import { paths } from '../route.ts';
import { RecordingDownloads } from './recording-downloads.tsx';

const RETRY_DELAY = 1000;
/** What was sent is filed away after the recording is complete. */
const MAX_TRIES = 20;

/** The files of a recording that was just made, for who may have them: recordings are the admin's. */
export function SavedRecording({ id }: { id: string }): ReactElement | null {
  const [recording, setRecording] = useState<RecordingResource>();
  useEffect(() => {
    let timer: number | undefined;
    let closed = false;
    let tries = 0;
    const load = async () => {
      tries += 1;
      if (!(await isSignedIn())) return;
      const found = await getRecording(id);
      if (closed) return;
      setRecording(found);
      if (found.originals.length === 0 && tries < MAX_TRIES) timer = window.setTimeout(start, RETRY_DELAY);
    };
    // Without an answer there is nothing to offer; the recording is safe all the same.
    const start = () => void load().catch(() => {});
    start();
    return () => {
      closed = true;
      clearTimeout(timer);
    };
  }, [id]);
  if (!recording) return null;
  return (
    <section className="panel saved-recording" aria-label="The recording">
      <p>
        <a href={paths.recording(id)}>{recording.fileName}</a>
      </p>
      <div className="row-actions">
        <RecordingDownloads recording={recording} />
      </div>
    </section>
  );
}
