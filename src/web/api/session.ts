import type { SessionResource } from '../../wire/api.ts';
import { request } from './request.ts';

/** Signs this browser in. Throws ApiFailure `unauthorized` for a wrong token. */
export const signIn = (token: string) => request<undefined>('POST', '/api/session', { token });

/** Signs this browser out. */
export const signOut = () => request<undefined>('DELETE', '/api/session');

/** Whether this browser is signed in. */
export async function isSignedIn(): Promise<boolean> {
  return (await request<SessionResource>('GET', '/api/session')).signedIn;
}
