import type { RecordingResource } from '../../wire/api.ts';

/** When a recording began, as people write it. */
export function startOfRecording(recording: RecordingResource): string {
  return new Date(recording.startedAt).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}

/** What a recording is called: its title, or when it began. */
export function nameOfRecording(recording: RecordingResource): string {
  return recording.title ?? startOfRecording(recording);
}
