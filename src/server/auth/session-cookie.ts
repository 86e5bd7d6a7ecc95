import type { HttpReply, HttpRequest } from '../http/http.ts';
import { SESSION_COOKIE, SESSION_SECONDS } from './sessions.ts';

/**
 * Signs a browser in. `Lax`, not `Strict`: the sign-in link is opened from outside, and the redirect that takes the token
 * out of the address must already carry the cookie.
 */
export function setSessionCookie(request: HttpRequest, reply: HttpReply, session: string): void {
  reply.header('set-cookie', format(request, session, SESSION_SECONDS));
}

/** Signs a browser out. */
export function clearSessionCookie(request: HttpRequest, reply: HttpReply): void {
  reply.header('set-cookie', format(request, '', 0));
}

function format(request: HttpRequest, value: string, seconds: number): string {
  const secure = request.protocol === 'https' ? '; Secure' : '';
  return `${SESSION_COOKIE}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`;
}
