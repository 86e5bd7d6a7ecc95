import { type ReactElement, useCallback, useState } from 'react';
import { formatBytes } from '../../studio/ui/format-amount.ts';
import { formatDuration } from '../../studio/ui/format-duration.ts';
import { StatePill } from '../../studio/ui/state-pill.tsx';
import type { RecordingResource } from '../../wire/api.ts';
import { getRecording, mediaUrl } from '../api/recordings.ts';
import { DeleteRecording } from '../components/delete-recording.tsx';
import { ProblemNotice } from '../components/problem-notice.tsx';
import { RecordingDownloads } from '../components/recording-downloads.tsx';
import { nameOfRecording, startOfRecording } from '../components/recording-name.ts';
import { wordsOfFinalisation, wordsOfGap } from '../components/recording-words.ts';
import { usePolled } from '../components/use-polled.ts';
import { useTitle } from '../components/use-title.ts';
import { paths } from '../route.ts';

const REFRESH_EVERY = 5000;

/** One recording, to play, seek in, download and delete. */
export function RecordingPage({ id }: { id: string }): ReactElement {
  const load = useCallback(() => getRecording(id), [id]);
  const { value: recording, problem } = usePolled(load, REFRESH_EVERY);
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
  const { id, poster } = recording;
  const [broken, setBroken] = useState(false);
  return (
    <>
      {/* biome-ignore lint/a11y/useMediaCaption: nobody wrote down what was said live */}
      <video
        className="recording-video"
        src={mediaUrl(id)}
        poster={poster ?? undefined}
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
      <Gaps gaps={recording.gaps} />
      <Figures recording={recording} />
      <div className="row-actions">
        <RecordingDownloads recording={recording} />
        <DeleteRecording recording={recording} onDeleted={() => location.assign(paths.recordings())} />
      </div>
    </>
  );
}

/** What was lost: never hidden. */
function Gaps({ gaps }: Pick<RecordingResource, 'gaps'>): ReactElement | null {
  if (gaps.length === 0) return null;
  return (
    <div className="notice" data-tone="warning">
      <p>
        {gaps.length === 1 ? 'Something was lost' : `Something was lost ${gaps.length} times`}: the server or
        its disk failed while this was recorded.
      </p>
      <ul className="gaps">
        {gaps.map((gap) => (
          <li key={gap.at}>{wordsOfGap(gap)}</li>
        ))}
      </ul>
    </div>
  );
}

function Figures({ recording }: { recording: RecordingResource }): ReactElement {
  const { channel, duration, size } = recording;
  const finalisation = wordsOfFinalisation(recording);
  return (
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
      {finalisation && (
        <div>
          <dt>File</dt>
          <dd>{finalisation.whole}</dd>
        </div>
      )}
    </dl>
  );
}
