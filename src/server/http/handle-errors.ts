import type { Socket } from 'node:net';
import { StoreError } from '../../store/store-error.ts';
import type { ApiError } from '../../wire/api.ts';
import { formatMessagePage } from '../pages/message-page.ts';
import type { Http, HttpReply, HttpRequest } from './http.ts';
import { HttpError } from './http-error.ts';
import { refuseSocket } from './refuse-socket.ts';

/** Answers every error as `{error, message}`, or as a page in words to a browser that opened an address. */
export function handleErrors(http: Http): void {
  http.setErrorHandler(async (error, request, reply) => {
    const refusal = translate(error);
    if (refusal.status >= 500) request.log.error({ err: error, method: request.method }, 'request failed');
    return await sendError(request, reply, refusal);
  });
  http.setNotFoundHandler(async (request, reply) => {
    const message = `There is nothing at ${request.url.split('?')[0]}.`;
    return await sendError(request, reply, new HttpError(404, 'not-found', message));
  });
}

/** The same for what Fastify refuses before it looks for a route: an address that cannot be decoded. */
export function answerFrameworkError(error: Error, request: HttpRequest, reply: HttpReply): void {
  sendError(request, reply, translate(error)).catch((failure: unknown) =>
    request.log.warn({ err: failure }, 'a refusal could not be sent'),
  );
}

/** The same for what Node refuses before there is a request, and for who takes too long to send one. */
export function refuseClient(error: Error & { code?: string }, socket: Socket): void {
  const [status, code, message] = CLIENT_ERRORS[error.code ?? ''] ?? BAD_REQUEST;
  refuseSocket(socket, new HttpError(status, code, message));
}

async function sendError(request: HttpRequest, reply: HttpReply, refusal: HttpError): Promise<void> {
  reply.code(refusal.status).headers(refusal.headers).header('cache-control', 'no-store');
  if (wantsPage(request)) {
    await reply
      .type('text/html; charset=utf-8')
      .send(formatMessagePage(titleOf(refusal.status), refusal.message));
    return;
  }
  const body: ApiError = { error: refusal.code, message: refusal.message };
  await reply.send(body);
}

/** Foreign errors become ours here, and only here. */
function translate(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof StoreError && error.code === 'channel-exists') {
    return new HttpError(409, error.code, error.message);
  }
  if (!(error instanceof Error)) return internal();
  const { statusCode, code, validation } = error as Error & {
    statusCode?: number;
    code?: string;
    validation?: unknown;
  };
  if (code === 'FST_ERR_VALIDATION' || validation)
    return new HttpError(400, 'invalid-request', error.message);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const [known, words] = KNOWN[statusCode] ?? ['bad-request', withPeriod(error.message)];
    return new HttpError(statusCode, known, words);
  }
  return internal();
}

const CLIENT_ERRORS: Readonly<Record<string, readonly [status: number, code: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'headers-too-large', 'The headers are larger than 16 KiB.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request-timeout', 'The request did not come in time.'],
};

const BAD_REQUEST = [400, 'bad-request', 'This is not HTTP.'] as const;

const KNOWN: Readonly<Record<number, readonly [code: string, message: string]>> = {
  404: ['not-found', 'There is nothing here.'],
  413: ['body-too-large', 'The body is larger than 64 KiB.'],
  414: ['address-too-long', 'The address is too long.'],
  415: ['media-type-unsupported', 'Send the body as JSON, with content-type: application/json.'],
  429: ['too-many-requests', 'Too many requests from this address in a minute. Wait a little.'],
};

const withPeriod = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`);

const internal = () =>
  new HttpError(
    500,
    'internal',
    'The server failed at this. Its log says why; try again, and report it if it stays.',
  );

const titleOf = (status: number) =>
  status === 404 ? 'Not found' : status < 500 ? 'This did not work' : 'The server failed';

function wantsPage(request: HttpRequest): boolean {
  if (request.method !== 'GET' || /^\/(api|live)\//.test(request.url)) return false;
  return request.headers.accept?.includes('text/html') ?? false;
}
