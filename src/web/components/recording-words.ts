import { formatDuration } from '../../studio/ui/format-duration.ts';
import type { RecordingResource } from '../../wire/api.ts';

/** What became of a recording's file since it is over; null while there is nothing to say. */
export function wordsOfFinalisation(
  recording: Pick<RecordingResource, 'state' | 'finalisation'>,
): { readonly short: string | null; readonly whole: string } | null {
  if (recording.state === 'recording') return null;
  switch (recording.finalisation) {
    case 'done':
      return { short: null, whole: 'Finished: starts and seeks at once' };
    case 'waiting':
      return { short: 'to be finished', whole: 'Plays; waits to be finished for fast seeking' };
    case 'no-room':
      return { short: 'not finished: disk full', whole: 'Plays; not finished: the disk has no room for it' };
    case 'failed':
      return { short: 'not finished', whole: 'Plays; could not be finished' };
  }
}

/** One thing that is missing: `25 s are missing at 3:12`. */
export function wordsOfGap({ at, duration }: RecordingResource['gaps'][number]): string {
  const where = formatDuration(at);
  if (duration === null) return `Something is missing at ${where}; nobody knows how much`;
  if (duration < 1000) return `Less than a second is missing at ${where}`;
  const length = wordsOfLength(Math.round(duration / 1000));
  return `${length} ${length === '1 s' ? 'is' : 'are'} missing at ${where}`;
}

/** `25 s`, `3 min 5 s`, `2 h 10 min`. */
function wordsOfLength(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  if (minutes < 60) return `${minutes} min${seconds % 60 > 0 ? ` ${seconds % 60} s` : ''}`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 > 0 ? ` ${minutes % 60} min` : ''}`;
}

const KINDS: Readonly<Record<string, string>> = { 'video/mp4': 'MP4', 'video/x-flv': 'FLV' };

/** What an original is, for a button: `WebM as recorded`, or `WebM as recorded, part 2` where there are more. */
export function wordsOfOriginal(originals: RecordingResource['originals'], index: number): string {
  const kind = KINDS[originals[index]?.mime ?? ''] ?? 'WebM';
  return `${kind} as recorded${originals.length > 1 ? `, part ${index + 1}` : ''}`;
}
