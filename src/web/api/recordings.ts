import type { RecordingList, RecordingResource } from '../../wire/api.ts';
import { request } from './request.ts';

const pathOf = (id: string) => `/api/recordings/${encodeURIComponent(id)}`;

/** A page of recordings, the newest first: of one channel or of all, from `after` on. */
export async function listRecordings(channel: string | null, after: string | null): Promise<RecordingList> {
  const query = new URLSearchParams();
  if (channel) query.set('channel', channel);
  if (after) query.set('after', after);
  return await request<RecordingList>('GET', `/api/recordings?${query}`);
}

/** Throws ApiFailure `recording-not-found`. */
export const getRecording = (id: string) => request<RecordingResource>('GET', pathOf(id));

/** Throws ApiFailure `recording-in-progress`. */
export const deleteRecording = (id: string) => request<undefined>('DELETE', pathOf(id));

/** Where its media is, to play. */
export const mediaUrl = (id: string) => `${pathOf(id)}/media.mp4`;

/** Where its media is, to keep. */
export const downloadUrl = (id: string) => `${mediaUrl(id)}?download`;
