import { createHash, hkdfSync } from 'node:crypto';

/** The cookie that a signed-in browser sends. */
export const SESSION_COOKIE = 'headwater_session';

/** How long a browser stays signed in, in seconds. */
export const SESSION_SECONDS = 14 * 24 * 3600;

const AUDIENCE = 'headwater-browser';

/**
 * Signed-in browsers: a signed token with an end, nothing on the server. Another admin token, or another server
 * secret, ends every session.
 */
export class Sessions {
  readonly #key: Uint8Array;

  constructor(serverSecret: string, adminToken: string) {
    const salt = createHash('sha256').update(adminToken).digest();
    this.#key = new Uint8Array(hkdfSync('sha256', serverSecret, salt, 'headwater sessions', 32));
  }

  /** A new session, as of that time: milliseconds since 1970. */
  async issue(now: number): Promise<string> {
    const issuedAt = Math.floor(now / 1000);
    const { SignJWT } = await import('jose');
    return await new SignJWT()
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience(AUDIENCE)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + SESSION_SECONDS)
      .sign(this.#key);
  }

  /** Whether it is one of ours and has not ended. Never throws. */
  async verify(session: string, now: number): Promise<boolean> {
    // Loaded with the first browser that signs in: a server at rest has no use for it.
    const { jwtVerify } = await import('jose');
    try {
      const options = { algorithms: ['HS256'], audience: AUDIENCE, currentDate: new Date(now) };
      await jwtVerify(session, this.#key, { ...options, requiredClaims: ['exp'] });
      return true;
    } catch {
      return false;
    }
  }
}
