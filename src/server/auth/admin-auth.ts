import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../../channel/clock.ts';
import { milliseconds } from '../../media/time.ts';
import { networkOf } from '../../wire/network-of.ts';
import { FailedAttempts } from './failed-attempts.ts';
import { sameSecret } from './same-secret.ts';
import { SESSION_COOKIE, Sessions } from './sessions.ts';

/** How a request proved to be the admin's: by the token, or by a browser's session cookie. */
export type AdminProof = 'token' | 'session';

/** What became of a token: `blocked` after too many wrong ones from there, with the seconds to wait. */
export type TokenCheck =
  | { readonly result: 'right' }
  | { readonly result: 'wrong' }
  | { readonly result: 'blocked'; readonly wait: number };

/** Knows the admin: the token, and the browsers that were signed in with it. */
export class AdminAuth {
  readonly sessions: Sessions;
  readonly #token: string;
  readonly #clock: Clock;
  readonly #failures: FailedAttempts;

  constructor(token: string, serverSecret: string, clock: Clock) {
    this.#token = token;
    this.#clock = clock;
    this.sessions = new Sessions(serverSecret, token);
    this.#failures = new FailedAttempts(clock, {
      failures: 10,
      window: milliseconds(60_000),
      sources: 10_000,
    });
  }

  /** Compares in constant time, ten wrong ones a minute from an address (of IPv6, from a /64) at most. */
  checkToken(given: string, address: string): TokenCheck {
    const source = networkOf(address);
    const wait = this.#failures.wait(source);
    if (wait > 0) return { result: 'blocked', wait };
    if (sameSecret(given, this.#token)) return { result: 'right' };
    this.#failures.record(source);
    return { result: 'wrong' };
  }

  /** Whether the cookie of these headers is a session of ours. */
  async hasSession(headers: IncomingHttpHeaders): Promise<boolean> {
    const session = readCookie(headers.cookie, SESSION_COOKIE);
    return session !== undefined && (await this.sessions.verify(session, this.#clock.wall()));
  }

  /** A new session, for a cookie. */
  async startSession(): Promise<string> {
    return await this.sessions.issue(this.#clock.wall());
  }
}

/** The token of `Authorization: Bearer` (RFC 6750 §2.1). */
export function readBearer(headers: IncomingHttpHeaders): string | undefined {
  return /^Bearer +([\x21-\x7e]+)$/i.exec(headers.authorization ?? '')?.[1];
}

/** One cookie of a `Cookie` header (RFC 6265 §4.2.1). */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [key, value] = pair.split('=', 2);
    if (key?.trim() === name && value !== undefined) return value.trim();
  }
  return undefined;
}
