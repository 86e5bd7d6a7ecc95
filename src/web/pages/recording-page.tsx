import { Download } from 'lucide-react';
import { type ReactElement, useEffect, useState } from 'react';
import { formatBytes } from '../../studio/ui/format-amount.ts';
import { formatDuration } from '../../studio/ui/format-duration.ts';
import { StatePill } from '../../studio/ui/state-pill.tsx';
import type { RecordingResource } from '../../wire/api.ts';
import { wordsOfFailure } from '../api/api-failure.ts';
import { downloadUrl, getRecording, mediaUrl } from '../api/recordings.ts';
import { DeleteRecording } from '../components/delete-recording.tsx';
import { ProblemNotice } from '../components/problem-notice.tsx';
import { nameOfRecording, startOfRecording } from '../components/recording-name.ts';
import { useTitle } from '../components/use-title.ts';
import { paths } from '../route.ts';

/** One recording, to play, seek in, download and delete. */
export function RecordingPage({ id }: { id: string }): ReactElement {
  const [recording, setRecording] = useState<RecordingResource>();
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    getRecording(id).then(setRecording, (error: unknown) => setProblem(wordsOfFailure(error)));
  }, [id]);
  const name = recording ? nameOfRecording(recording) : 'Recording';
  useTitle(name);
  return (
    <div className="page">
      <p className="breadcrumb">
        <a href={paths.recordings()}>Recordings</a>
      </p>
      <header className="page-header">
        <h1>{name}</h1>
        {recording?.state === 'recording' && <StatePill tone="live">Recording now</StatePill>}
        {recording?.state === 'damaged' && <StatePill tone="danger">Damaged</StatePill>}
      </header>
      <ProblemNotice problem={problem} />
      {recording && <RecordingDetails recording={recording} name={name} />}
    </div>
  );
}

function RecordingDetails({ recording, name }: { recording: RecordingResource; name: string }): ReactElement {
  const { id, channel, duration, size } = recording;
  const [broken, setBroken] = useState(false);
  return (
    <>
      {/* biome-ignore lint/a11y/useMediaCaption: nobody wrote down what was said live */}
      <video
        className="recording-video"
        src={mediaUrl(id)}
        controls
        playsInline
        preload="metadata"
        aria-label={name}
        onError={() => setBroken(true)}
      />
      <ProblemNotice
        problem={
          broken
            ? 'This browser cannot play this recording. Download it and open it with another player, such as VLC.'
            : null
        }
      />
      <dl className="figures figures-inline">
        <div>
          <dt>Channel</dt>
          <dd>
            <a href={paths.recordings(channel)}>{channel}</a>
          </dd>
        </div>
        <div>
          <dt>Started</dt>
          <dd>{startOfRecording(recording)}</dd>
        </div>
        <div>
          <dt>Length</dt>
          <dd>{formatDuration(duration)}</dd>
        </div>
        <div>
          <dt>Size</dt>
          <dd>{formatBytes(size)}</dd>
        </div>
      </dl>
      <div className="row-actions">
        <a className="button button-primary" href={downloadUrl(id)} download>
          <Download aria-hidden />
          Download
        </a>
        <DeleteRecording recording={recording} onDeleted={() => location.assign(paths.recordings())} />
      </div>
    </>
  );
}
