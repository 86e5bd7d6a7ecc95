import type { Duplex } from 'node:stream';
import type { ApiError } from '../../wire/api.ts';
import type { HttpError } from './http-error.ts';

/** `STATUS_CODES` of node:http would do, but importing any value of it loads Node's whole fetch, 5 MB of memory. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
};

/** Answers on a bare connection with an ordinary HTTP error in the API's form, and closes it. */
export function refuseSocket(socket: Duplex, refusal: HttpError): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const error: ApiError = { error: refusal.code, message: refusal.message };
  const body = JSON.stringify(error);
  const headers = {
    connection: 'close',
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    ...refusal.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${refusal.status} ${REASONS[refusal.status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`,
  );
}
