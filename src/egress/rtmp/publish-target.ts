import { DestinationError } from './destination-error.ts';

/** Where a stream is published to, taken apart. */
export interface PublishTarget {
  readonly tls: boolean;
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** The application: the path of the address. */
  readonly app: string;
  /** The address as `connect` says it. */
  readonly tcUrl: string;
  /** What is published: the stream key. Secret. */
  readonly streamName: string;
  /** Who publishes, for servers that ask. Secret. */
  readonly credentials?: { readonly user: string; readonly password: string };
}

const RTMP_PORT = 1935;
const RTMPS_PORT = 443;
const LONGEST = 2000;

/**
 * Takes an `rtmp:` or `rtmps:` address and a stream key apart. Without a key the last part of the path is what is
 * published. Behind the key may stand `pubUser=…` and `pubPasswd=…`, as librtmp has them. Throws DestinationError `url-invalid`.
 */
export function parsePublishTarget(address: string, streamKey: string): PublishTarget {
  const url = URL.canParse(address) && address.length <= LONGEST ? new URL(address) : undefined;
  const tls = url?.protocol === 'rtmps:';
  if (!url || (!tls && url.protocol !== 'rtmp:')) {
    throw invalid('The address must begin with rtmp:// or rtmps://');
  }
  if (url.username || url.password)
    throw invalid('A user name cannot be in the address: write pubUser=… pubPasswd=… behind the stream key');
  if (url.hash) throw invalid('The address must not have a # in it');
  if (!url.hostname) throw invalid('The address has no host in it');
  const path = url.pathname.replace(/^\/+|\/+$/g, '');
  const { key, credentials } = takeCredentials(streamKey.trim());
  const split = key ? path.length : path.lastIndexOf('/');
  // The query as it stands: it may be signed.
  const app = decode(path.slice(0, Math.max(split, 0))) + url.search;
  const streamName = key || decode(path.slice(split + 1));
  if (!app) throw invalid('The address needs a path behind the host, such as rtmp://example.org/live');
  if (!streamName) throw invalid('The destination has no stream key');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port ? Number(url.port) : tls ? RTMPS_PORT : RTMP_PORT;
  const tcUrl = `${url.protocol}//${url.host}/${app}`;
  return { tls, host, port, app, tcUrl, streamName, ...(credentials && { credentials }) };
}

/**
 * Takes a stream key that stands in an address out of it: the last part of the path and what follows, where none is given
 * beside it. What is no such address stays as it is.
 */
export function splitStreamKey(
  address: string,
  streamKey: string,
): { readonly url: string; readonly streamKey: string } {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const path = url?.pathname.replace(/\/+$/, '') ?? '';
  const split = path.lastIndexOf('/');
  if (!url || split <= 0 || takeCredentials(streamKey.trim()).key) return { url: address, streamKey };
  const name = decode(path.slice(split + 1)) + url.search;
  url.pathname = path.slice(0, split);
  url.search = '';
  return { url: url.href, streamKey: `${name} ${streamKey.trim()}`.trim() };
}

const CREDENTIALS = /(?:^|\s)pubUser=(\S+)\s+pubPasswd=(\S+)$/;

function takeCredentials(text: string): { key: string } & Pick<PublishTarget, 'credentials'> {
  const [all = '', user, password] = CREDENTIALS.exec(text) ?? [];
  if (user === undefined || password === undefined) return { key: text };
  return { key: text.slice(0, text.length - all.length).trim(), credentials: { user, password } };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function invalid(problem: string): DestinationError {
  return new DestinationError('url-invalid', `${problem}.`, true);
}
