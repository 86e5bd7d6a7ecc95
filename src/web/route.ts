import { isChannelName } from '../wire/channel-name.ts';

/** The pages of the app. Each is loaded as a document, so that leaving one is always the browser's to warn of. */
export type Route =
  | { readonly page: 'channels' }
  | { readonly page: 'studio'; readonly channel: string }
  | { readonly page: 'record' }
  | { readonly page: 'recordings' }
  | { readonly page: 'recording'; readonly id: string }
  | { readonly page: 'not-found' };

/** Finds the page of a path. */
export function matchRoute(pathname: string): Route {
  const [first = '', second, ...rest] = pathname.replace(/^\/|\/$/g, '').split('/');
  if (rest.length > 0) return { page: 'not-found' };
  if (second === undefined) return matchSingle(first);
  if (first === 'studio' && isChannelName(second)) return { page: 'studio', channel: second };
  if (first === 'recordings' && /^[0-9a-zA-Z-]{1,64}$/.test(second)) return { page: 'recording', id: second };
  return { page: 'not-found' };
}

function matchSingle(name: string): Route {
  if (name === '') return { page: 'channels' };
  if (name === 'record') return { page: 'record' };
  return name === 'recordings' ? { page: 'recordings' } : { page: 'not-found' };
}

/** Addresses of the pages. */
export const paths = {
  channels: '/',
  recordings: (channel?: string) => (channel ? `/recordings?channel=${channel}` : '/recordings'),
  recording: (id: string) => `/recordings/${id}`,
  studio: (channel: string) => `/studio/${channel}`,
  watch: (channel: string) => `/watch/${channel}`,
} as const;

/** `wss://host/live/{channel}/publish` */
export function publishUrl(channel: string): string {
  const url = new URL(`/live/${channel}/publish`, location.origin);
  url.protocol = url.protocol.replace('http', 'ws');
  return url.href;
}
