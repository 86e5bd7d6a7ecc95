import type { RecordingProgress, RecordingRecord } from '../../store/recording-store.ts';
import type { RecordingResource } from '../../wire/api.ts';
import { fileNameOf, originalNameOf } from './file-name.ts';

/** A recording as the API shows it; `end` is what the database could not be told of its end yet. */
export function describeRecording(recording: RecordingRecord, end?: RecordingProgress): RecordingResource {
  const { id, channel, title, startedAt, mime, finalisation, poster, originals } = recording;
  const { state, duration, size, gaps = recording.gaps } = end ?? recording;
  const url = `/api/recordings/${id}`;
  return {
    ...{ id, channel, title, state, startedAt, duration, size, mime, finalisation },
    fileName: fileNameOf(recording),
    gaps: [...gaps],
    poster: poster === null ? null : `${url}/poster`,
    originals: originals.map((original, index) => ({
      url: `${url}/originals/${index + 1}`,
      fileName: originalNameOf(recording, index),
      size: original.size,
      mime: original.mime,
    })),
  };
}
