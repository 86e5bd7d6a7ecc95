import type { RecordingResource } from '../../wire/api.ts';

/** When a recording began, as people write it. */
export function startOfRecording(recording: RecordingResource): string {
  return new Date(recording.startedAt).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}

/** What a recording is called: its title, the name that it was asked to have, or when it began. */
export function nameOfRecording(recording: RecordingResource): string {
  const { title, fileName, channel } = recording;
  // Files of others are called after the channel, which is beside the name wherever that is shown.
  return title ?? (fileName.startsWith(`${channel}-`) ? startOfRecording(recording) : fileName);
}
