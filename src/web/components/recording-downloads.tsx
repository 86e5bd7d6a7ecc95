import { Download } from 'lucide-react';
import type { ReactElement } from 'react';
import { formatBytes } from '../../studio/ui/format-amount.ts';
import type { RecordingResource } from '../../wire/api.ts';
import { downloadUrl } from '../api/recordings.ts';
import { wordsOfOriginal } from './recording-words.ts';

/** Links to every file of a recording: the MP4, and what was sent where that is kept. */
export function RecordingDownloads({ recording }: { recording: RecordingResource }): ReactElement {
  const { id, size, originals } = recording;
  return (
    <>
      <a className="button button-primary" href={downloadUrl(id)} download>
        <Download aria-hidden />
        Download MP4 <span className="button-note">{formatBytes(size)}</span>
      </a>
      {originals.map((original, index) => (
        <a key={original.url} className="button" href={original.url} download>
          <Download aria-hidden />
          {wordsOfOriginal(originals, index)}{' '}
          <span className="button-note">{formatBytes(original.size)}</span>
        </a>
      ))}
    </>
  );
}
