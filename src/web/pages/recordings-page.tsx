import { Download, Film, Play } from 'lucide-react';
import { type ReactElement, useCallback, useEffect, useId, useState } from 'react';
import { formatBytes, formatCount } from '../../studio/ui/format-amount.ts';
import { durationToken, formatDuration } from '../../studio/ui/format-duration.ts';
import { StatePill } from '../../studio/ui/state-pill.tsx';
import type { ChannelResource, RecordingResource } from '../../wire/api.ts';
import { wordsOfFailure } from '../api/api-failure.ts';
import { listChannels } from '../api/channels.ts';
import { downloadUrl, listRecordings } from '../api/recordings.ts';
import { DeleteRecording } from '../components/delete-recording.tsx';
import { ProblemNotice } from '../components/problem-notice.tsx';
import { nameOfRecording, startOfRecording } from '../components/recording-name.ts';
import { wordsOfFinalisation } from '../components/recording-words.ts';
import { useTitle } from '../components/use-title.ts';
import { paths } from '../route.ts';

/** Every recording, the newest first, of all channels or of one. */
export function RecordingsPage(): ReactElement {
  const [channel, setChannel] = useState(() => new URLSearchParams(location.search).get('channel'));
  const { recordings, next, problem, loadMore, remove } = useRecordings(channel);
  useTitle(channel ? `Recordings of ${channel}` : 'Recordings');
  const filter = (name: string | null) => {
    setChannel(name);
    history.replaceState(null, '', paths.recordings(name ?? undefined));
  };
  return (
    <div className="page">
      <header className="page-header">
        <h1>Recordings</h1>
        <ChannelFilter channel={channel} onChange={filter} />
      </header>
      <ProblemNotice problem={problem} />
      {recordings && (
        <ul className="rows recording-rows">
          {recordings.map((recording) => (
            <RecordingRow key={recording.id} recording={recording} onDeleted={() => remove(recording.id)} />
          ))}
        </ul>
      )}
      {recordings?.length === 0 && (
        <p className="empty">
          {channel
            ? `${channel} has no recordings.`
            : 'There are no recordings yet. Every broadcast makes one, unless its channel says otherwise.'}
        </p>
      )}
      {next && (
        <button type="button" className="button" onClick={() => void loadMore()}>
          Show more
        </button>
      )}
    </div>
  );
}

function useRecordings(channel: string | null) {
  const [recordings, setRecordings] = useState<readonly RecordingResource[]>();
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const load = useCallback(
    async (after: string | null, isWanted: () => boolean) => {
      try {
        const page = await listRecordings(channel, after);
        if (!isWanted()) return;
        setRecordings((before) => (after ? [...(before ?? []), ...page.items] : page.items));
        setNext(page.next);
        setProblem(null);
      } catch (error) {
        if (isWanted()) setProblem(wordsOfFailure(error));
      }
    },
    [channel],
  );
  useEffect(() => {
    let wanted = true;
    void load(null, () => wanted);
    return () => {
      wanted = false;
    };
  }, [load]);
  const remove = (id: string) =>
    setRecordings((before) => before?.filter((recording) => recording.id !== id));
  return { recordings, next, problem, remove, loadMore: () => load(next, () => true) };
}

function ChannelFilter(props: {
  channel: string | null;
  onChange: (channel: string | null) => void;
}): ReactElement {
  const id = useId();
  const [channels, setChannels] = useState<readonly ChannelResource[]>([]);
  useEffect(() => {
    listChannels().then(setChannels, () => {});
  }, []);
  const names = channels.map(({ name }) => name);
  if (props.channel && !names.includes(props.channel)) names.push(props.channel);
  return (
    <div className="field field-inline">
      <label htmlFor={id}>Channel</label>
      <select
        id={id}
        value={props.channel ?? ''}
        onChange={(event) => props.onChange(event.target.value || null)}
      >
        <option value="">All channels</option>
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </div>
  );
}

function RecordingRow({
  recording,
  onDeleted,
}: {
  recording: RecordingResource;
  onDeleted: () => void;
}): ReactElement {
  const { id, channel, state, startedAt, duration, size, poster, gaps } = recording;
  const name = nameOfRecording(recording);
  const start = startOfRecording(recording);
  const finalisation = wordsOfFinalisation(recording)?.short;
  const isRemarkable = state !== 'complete' || gaps.length > 0 || finalisation;
  return (
    <li className="row recording-row">
      <div className="recording-poster">
        {poster ? <img src={poster} alt="" loading="lazy" /> : <Film aria-hidden />}
      </div>
      <div className="row-main">
        <h2>
          <a href={paths.recording(id)}>{name}</a>
        </h2>
        <p className="muted">
          {channel}
          {name !== start && (
            <>
              {' · '}
              <time dateTime={new Date(startedAt).toISOString()}>{start}</time>
            </>
          )}
        </p>
      </div>
      <dl className="row-facts">
        <div>
          <dt className="visually-hidden">Length</dt>
          <dd>
            <time dateTime={durationToken(duration)}>{formatDuration(duration)}</time>
          </dd>
        </div>
        <div>
          <dt className="visually-hidden">Size</dt>
          <dd>{formatBytes(size)}</dd>
        </div>
        {isRemarkable && (
          <div>
            <dt className="visually-hidden">State</dt>
            <dd className="row-states">
              {state === 'recording' && <StatePill tone="live">Recording now</StatePill>}
              {state === 'damaged' && <StatePill tone="danger">Damaged</StatePill>}
              {gaps.length > 0 && <StatePill tone="warning">{formatCount(gaps.length, 'gap')}</StatePill>}
              {finalisation && <span className="muted">{finalisation}</span>}
            </dd>
          </div>
        )}
      </dl>
      <div className="row-actions">
        <a className="button button-accent" href={paths.recording(id)} aria-label={`Play ${name}`}>
          <Play aria-hidden />
          Play
        </a>
        <a className="button" href={downloadUrl(id)} download aria-label={`Download ${name}`}>
          <Download aria-hidden />
          Download
        </a>
        <OriginalLink recording={recording} name={name} />
        <DeleteRecording recording={recording} onDeleted={onDeleted} />
      </div>
    </li>
  );
}

/** What was sent; where it came in several parts, the page that has them all. */
function OriginalLink({
  recording,
  name,
}: {
  recording: RecordingResource;
  name: string;
}): ReactElement | null {
  const [first, second] = recording.originals;
  if (!first) return null;
  const text = second ? 'Originals' : first.mime === 'video/mp4' ? 'Original' : 'WebM';
  return (
    <a
      className="button"
      aria-label={`${text} of ${name}, as recorded`}
      href={second ? paths.recording(recording.id) : first.url}
      download={second === undefined}
    >
      <Download aria-hidden />
      {text}
    </a>
  );
}
