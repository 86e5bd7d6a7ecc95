/** What became of a poster: the server has it, another try may do, or none will. */
export type PosterAnswer = 'stored' | 'later' | 'refused';

/** In ms. */
const TIMEOUT = 20_000;

/** Where the poster of a channel goes, from where its publisher does: `wss://host/live/main/publish`. */
export function posterUrl(publishUrl: string): string {
  return publishUrl.replace(/^ws/, 'http').replace(/\/publish$/, '/poster');
}

/** Gives the server a picture of the broadcast that is on. Never rejects. */
export async function sendPoster(
  url: string,
  key: string | undefined,
  jpeg: Blob,
  signal: AbortSignal,
): Promise<PosterAnswer> {
  try {
    const { ok, status } = await fetch(url, {
      method: 'PUT',
      headers: { 'content-type': 'image/jpeg', ...(key !== undefined && { authorization: `Bearer ${key}` }) },
      body: jpeg,
      credentials: 'same-origin',
      // Media goes first.
      priority: 'low',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
    });
    if (ok) return 'stored';
    return status === 409 || status === 429 || status >= 500 ? 'later' : 'refused';
  } catch {
    return 'later';
  }
}
