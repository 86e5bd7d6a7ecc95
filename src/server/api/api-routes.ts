import rateLimit from '@fastify/rate-limit';
import { guardAdmin } from '../auth/guard-admin.ts';
import type { Http, HttpPlugin } from '../http/http.ts';
import type { Services } from '../services.ts';
import { channelRoutes } from './channel-routes.ts';
import { destinationRoutes } from './destination-routes.ts';
import { healthRoutes } from './health-routes.ts';
import { posterRoutes } from './poster-routes.ts';
import { recordingRoutes } from './recording-routes.ts';
import { sessionRoutes } from './session-routes.ts';

/** Requests to the API from one address in a minute. */
const MAX_PER_MINUTE = 1200;

const READING = ['GET', 'HEAD', 'OPTIONS'];

/** `/api` with its guard, and beside it the operations and the posters of what is live. */
export async function apiRoutes(http: Http, services: Services): Promise<void> {
  healthRoutes(http, services);
  const api: HttpPlugin = async (scope) => {
    await scope.register(rateLimit, { max: MAX_PER_MINUTE, timeWindow: 60_000, cache: 10_000 });
    sessionRoutes(scope, services);
    const guarded: HttpPlugin = async (inner) => {
      inner.addHook('onRequest', async (request) => {
        await guardAdmin(services.admin, request);
      });
      // What somebody was told is done, a stream key that is in use by now, is so after a power loss too.
      inner.addHook('onSend', async ({ method }) => {
        if (!READING.includes(method)) await services.store.sync();
      });
      channelRoutes(inner, services);
      destinationRoutes(inner, services);
      recordingRoutes(inner, services);
    };
    await scope.register(guarded);
  };
  await http.register(api, { prefix: '/api' });
  await posterRoutes(http, services);
}
