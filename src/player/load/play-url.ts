/** A `src` that names no channel's media. The message is fit for whoever wrote the page. */
export class PlayUrlError extends Error {
  override readonly name = 'PlayUrlError';
  readonly code = 'bad-src';
}

const SOCKET_SCHEMES: Record<string, string> = {
  'http:': 'ws:',
  'https:': 'wss:',
  'ws:': 'ws:',
  'wss:': 'wss:',
};

/**
 * The play socket of a channel's media prefix (`/live/main` gives `wss://host/live/main/ws`); relative to `base`, as
 * every `src` in HTML is. A query is kept. Throws PlayUrlError.
 */
export function playUrl(src: string, base: string): string {
  const url = URL.canParse(src, base) ? new URL(src, base) : undefined;
  const scheme = url && SOCKET_SCHEMES[url.protocol];
  if (!url || !scheme) {
    throw new PlayUrlError(`"${src}" is not the address of a channel. Expected one such as "/live/main".`);
  }
  const path = url.pathname.replace(/\/+$/, '');
  return `${scheme}//${url.host}${path}/ws${url.search}`;
}
