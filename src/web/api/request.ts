import { Observable } from '../../studio/observable.ts';
import { ApiFailure } from './api-failure.ts';

/** True once the server asked for a sign-in. */
export const signedOut = new Observable(false);

/** Asks the API, and answers what it does; `undefined` where there is no content. Throws ApiFailure. */
export async function request<T>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: 'same-origin',
      signal: signal ?? null,
    });
  } catch {
    throw new ApiFailure(
      0,
      'unreachable',
      'The server cannot be reached. Check the connection and that it is running.',
    );
  }
  const content = await response.json().catch(() => undefined);
  if (response.ok) return content as T;
  const { error = 'unknown', message } = (content ?? {}) as { error?: string; message?: string };
  if (response.status === 401 && path !== '/api/session') signedOut.set(true);
  throw new ApiFailure(response.status, error, message ?? `The server answered ${response.status}.`);
}
