import type { IncomingMessage } from 'node:http';
import { type AdminAuth, readBearer } from '../auth/admin-auth.ts';
import type { FailedAttempts } from '../auth/failed-attempts.ts';
import { isOwnOrigin } from '../auth/is-own-origin.ts';
import type { StreamKeys } from '../auth/stream-keys.ts';
import type { RequestOrigin } from '../auth/trusted-proxies.ts';
import { HttpError } from '../http/http-error.ts';

/** What admitting needs to know. */
export interface AdmissionOptions {
  readonly admin: AdminAuth;
  readonly streamKeys: StreamKeys;
  readonly failures: FailedAttempts;
  /** Other sites whose pages may publish. */
  readonly origins: readonly string[];
}

/** A publisher that asks to be let in. */
export interface PublisherRequest {
  readonly request: IncomingMessage;
  readonly from: RequestOrigin;
  readonly channel: string;
  readonly query: URLSearchParams;
  /** It speaks the protocol whose first message can carry the key. */
  readonly canSayKey: boolean;
  readonly keyCheck: KeyCheck;
}

/** `key-needed`: the first message must have the right key. */
export type Admission = 'admitted' | 'key-needed';

/**
 * Decides before the socket is accepted: a browser by its exact Origin, and everyone by the stream key or, on our own
 * pages, by the admin's session. Throws HttpError 401, 403, 404 or 429.
 */
export async function admitPublisher(
  options: AdmissionOptions,
  publisher: PublisherRequest,
): Promise<Admission> {
  const { request, from, channel, query, canSayKey, keyCheck } = publisher;
  const origin = request.headers.origin;
  const own = origin !== undefined && isOwnOrigin(origin, from.host);
  if (origin !== undefined && !own && !options.origins.includes(origin))
    throw originNotAllowed(origin, from.host);
  const key = readBearer(request.headers) ?? query.get('key') ?? undefined;
  if (key !== undefined) {
    if (keyCheck.wait > 0) throw tooManyKeys(keyCheck.wait);
    if (keyCheck.matches(key)) return 'admitted';
    throw new HttpError(
      401,
      'stream-key-wrong',
      `This is not the stream key of ${channel}. It may have been replaced.`,
    );
  }
  // A cookie comes along whoever makes the browser connect: only our own pages may use it.
  if (own && (await options.admin.hasSession(request.headers))) return 'admitted';
  if (canSayKey) return 'key-needed';
  const message = 'Send the stream key as "Authorization: Bearer …".';
  throw new HttpError(401, 'stream-key-missing', message, { 'www-authenticate': 'Bearer' });
}

/** What keys are checked with. */
export type KeyCheckOptions = Pick<AdmissionOptions, 'streamKeys' | 'failures'>;

/** Compares keys with the one that a channel has now; too many wrong ones in a minute are not compared any more. */
export class KeyCheck {
  readonly #options: KeyCheckOptions;
  readonly #hash: string;
  readonly #source: string;

  /** `source`: who is counted. */
  constructor(options: KeyCheckOptions, hash: string, source: string) {
    this.#options = options;
    this.#hash = hash;
    this.#source = source;
  }

  /** Seconds until a key may be tried again. */
  get wait(): number {
    return this.#options.failures.wait(this.#source);
  }

  /** In constant time. */
  matches(key: string): boolean {
    const { streamKeys, failures } = this.#options;
    if (this.wait > 0) return false;
    if (streamKeys.matches(key, this.#hash)) return true;
    failures.record(this.#source);
    return false;
  }
}

function tooManyKeys(wait: number): HttpError {
  const message = `Too many wrong stream keys. Try again in ${wait} s.`;
  return new HttpError(429, 'too-many-attempts', message, { 'retry-after': String(wait) });
}

function originNotAllowed(origin: string, host: string): HttpError {
  const message = `Pages of ${origin.slice(0, 200)} may not publish here (this is ${host}). Allow the site in server.origins; behind a proxy, pass the Host header on, or set server.trustProxy.`;
  return new HttpError(403, 'origin-not-allowed', message);
}
