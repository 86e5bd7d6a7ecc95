import helmet from '@fastify/helmet';
import { type FastifyBaseLogger, type FastifyServerOptions, fastify, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { TrustedProxies } from '../auth/trusted-proxies.ts';
import { redactText } from '../log/redact.ts';
import { answerFrameworkError, handleErrors, refuseClient } from './handle-errors.ts';
import type { Http } from './http.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { validateSchema } from './validate-schema.ts';

type CompilersFactory = NonNullable<
  NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']
>;

const BODY_LIMIT = 64 * 1024;
const HEADERS_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 30_000;
const IDLE_TIMEOUT = 60_000;
const CHECK_INTERVAL = 5_000;

/**
 * TypeBox checks and JSON.stringify writes: Fastify's own compilers would load a second validator. Its type for them
 * is that of the validator.
 */
const COMPILERS = {
  buildValidator: () => validateSchema,
  buildSerializer: () => () => (value: unknown) => JSON.stringify(value),
} as unknown as CompilersFactory;

/** The HTTP server, without a route. It logs finished requests at level `debug`, with secrets cut out. */
export async function createHttp(logger: Logger, proxies: TrustedProxies): Promise<Http> {
  const http: Http = fastify({
    loggerInstance: logger as FastifyBaseLogger,
    // Its own request log would quote whole addresses, in which a key or a token may stand.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: (address) => proxies.trusts(address),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: IDLE_TIMEOUT,
    forceCloseConnections: true,
    return503OnClosing: false,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: refuseClient,
    http: {
      headersTimeout: HEADERS_TIMEOUT,
      connectionsCheckingInterval: CHECK_INTERVAL,
      maxHeaderSize: 16 * 1024,
      // Clients that would like HTTP/2 (`Upgrade: h2c`, as Java's asks by itself) get their answer over HTTP/1.1.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: true },
    schemaController: { compilersFactory: COMPILERS },
  });
  handleErrors(http);
  await http.register(helmet, SECURITY_HEADERS);
  http.addHook('onResponse', async (request, reply) => {
    if (!logger.isLevelEnabled('debug')) return;
    const { method, url } = request;
    const milliseconds = Math.round(reply.elapsedTime);
    logger.debug({ method, url: redactText(url), status: reply.statusCode, milliseconds }, 'request');
  });
  return http;
}
