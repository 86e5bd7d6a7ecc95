import type { HttpRequest } from '../http/http.ts';
import { HttpError } from '../http/http-error.ts';
import { type AdminAuth, type AdminProof, readBearer } from './admin-auth.ts';
import { isOwnOrigin } from './is-own-origin.ts';

/**
 * Lets only the admin pass. A browser's session alone is not enough to change something: the request must come from
 * one of our own pages, whatever another site makes the browser send. Throws HttpError 401, 403 or 429.
 */
export async function guardAdmin(auth: AdminAuth, request: HttpRequest): Promise<AdminProof> {
  const token = readBearer(request.headers);
  if (token !== undefined) {
    requireToken(auth, token, request.ip);
    return 'token';
  }
  if (!(await auth.hasSession(request.headers))) {
    const message = 'Sign in, or send the admin token as "Authorization: Bearer …".';
    throw new HttpError(401, 'unauthorized', message, { 'www-authenticate': 'Bearer' });
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') requireOwnOrigin(request);
  return 'session';
}

/** Throws HttpError 401 for a wrong token, 429 after too many of them. */
export function requireToken(auth: AdminAuth, token: string, address: string): void {
  const check = auth.checkToken(token, address);
  if (check.result === 'right') return;
  if (check.result === 'wrong') {
    throw new HttpError(401, 'unauthorized', 'The admin token is wrong.', { 'www-authenticate': 'Bearer' });
  }
  const message = `Too many wrong tokens from this address. Try again in ${check.wait} s.`;
  throw new HttpError(429, 'too-many-attempts', message, { 'retry-after': String(check.wait) });
}

/** Throws HttpError 403 unless the request was made by a page of this server. */
export function requireOwnOrigin(request: HttpRequest): void {
  const { origin } = request.headers;
  if (origin === undefined && request.headers['sec-fetch-site'] === 'same-origin') return;
  if (origin !== undefined && isOwnOrigin(origin, request.host)) return;
  const message =
    'A signed-in browser may change things only from this server’s own pages. Behind a proxy, pass the Host header on, or set server.trustProxy.';
  throw new HttpError(403, 'cross-origin', message);
}
