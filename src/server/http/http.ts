import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  RouteGenericInterface,
} from 'fastify';

/** The HTTP server, with schemas that are types. */
export type Http = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Routes with hooks and plugins of their own. */
export type HttpPlugin = FastifyPluginAsync<Record<never, never>, Server, TypeBoxTypeProvider>;

/** Any request. */
export type HttpRequest = FastifyRequest;

/** Any reply. */
export type HttpReply = FastifyReply<RouteGenericInterface, Server, IncomingMessage, ServerResponse>;
