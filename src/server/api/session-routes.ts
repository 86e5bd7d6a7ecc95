import Type from 'typebox';
import { ApiError, SessionResource, SignIn } from '../../wire/api.ts';
import { requireOwnOrigin, requireToken } from '../auth/guard-admin.ts';
import { clearSessionCookie, setSessionCookie } from '../auth/session-cookie.ts';
import type { Http } from '../http/http.ts';
import type { Services } from '../services.ts';

const tags = ['session'];
const NoContent = Type.Null({ description: 'Done' });

/** `/api/session`: signing a browser in and out. */
export function sessionRoutes(http: Http, { admin }: Services): void {
  http.get(
    '/session',
    { schema: { tags, summary: 'Whether this browser is signed in', response: { 200: SessionResource } } },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return { signedIn: await admin.hasSession(request.headers) };
    },
  );
  http.post(
    '/session',
    {
      schema: {
        tags,
        summary: 'Sign a browser in with the admin token',
        body: SignIn,
        response: { 204: NoContent, '4xx': ApiError },
      },
    },
    async (request, reply) => {
      requireToken(admin, request.body.token, request.ip);
      setSessionCookie(request, reply, await admin.startSession());
      return await reply.code(204).send(null);
    },
  );
  http.delete(
    '/session',
    { schema: { tags, summary: 'Sign this browser out', response: { 204: NoContent, '4xx': ApiError } } },
    async (request, reply) => {
      requireOwnOrigin(request);
      clearSessionCookie(request, reply);
      return await reply.code(204).send(null);
    },
  );
}
