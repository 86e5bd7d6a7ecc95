/** A `src` that names no channel's media. The message is fit for whoever wrote the page. */
export class PlayUrlError extends Error {
  override readonly name = 'PlayUrlError';
  readonly code = 'bad-src';
}

/** What of a channel is where. */
export interface ChannelUrls {
  /** The play socket: `wss://host/live/main/ws`. */
  readonly socket: string;
  /** `https://host/live/main/index.m3u8`. */
  readonly hls: string;
  /** `https://host/live/main/dvr.m3u8`. */
  readonly dvr: string;
  /** `https://host/live/main/events`. */
  readonly events: string;
  /** The server's time, beside the channels: `https://host/live/time`. */
  readonly time: string;
}

const SOCKET_SCHEMES: Record<string, string> = {
  'http:': 'ws:',
  'https:': 'wss:',
  'ws:': 'ws:',
  'wss:': 'wss:',
};

/**
 * The addresses below a channel's media prefix (`/live/main`), which is relative to `base`, as every `src` in HTML is. A
 * query is kept. Throws PlayUrlError.
 */
export function channelUrls(src: string, base: string): ChannelUrls {
  const url = URL.canParse(src, base) ? new URL(src, base) : undefined;
  const scheme = url && SOCKET_SCHEMES[url.protocol];
  if (!url || !scheme) {
    throw new PlayUrlError(`"${src}" is not the address of a channel. Expected one such as "/live/main".`);
  }
  const path = url.pathname.replace(/\/+$/, '');
  const below = (protocol: string, name: string) => `${protocol}//${url.host}${path}/${name}${url.search}`;
  const http = scheme.replace('ws', 'http');
  return {
    socket: below(scheme, 'ws'),
    hls: below(http, 'index.m3u8'),
    dvr: below(http, 'dvr.m3u8'),
    events: below(http, 'events'),
    time: `${http}//${url.host}${path.replace(/[^/]*$/, 'time')}${url.search}`,
  };
}
