import { access, constants } from 'node:fs/promises';
import Type from 'typebox';
import { ApiError } from '../../wire/api.ts';
import type { Http } from '../http/http.ts';
import { HttpError } from '../http/http-error.ts';
import type { Services } from '../services.ts';

const tags = ['operations'];
const Ok = Type.Object({ status: Type.Literal('ok') });

/** `/healthz`: the process answers. `/readyz`: it can do its work. `/metrics`: for Prometheus. Open to all. */
export function healthRoutes(http: Http, { store, config, metrics }: Services): void {
  http.get(
    '/healthz',
    { schema: { tags, summary: 'The process is alive', response: { 200: Ok } } },
    async () => ({ status: 'ok' as const }),
  );
  http.get(
    '/readyz',
    {
      schema: {
        tags,
        summary: 'The server can do its work: the database answers, the data folder can be written to',
        response: { 200: Ok, 503: ApiError },
      },
    },
    async () => {
      await store.ping().catch((error: unknown) => {
        throw new HttpError(503, 'database-unusable', `The database does not answer: ${String(error)}`);
      });
      await access(config.data, constants.W_OK).catch(() => {
        throw new HttpError(503, 'data-not-writable', 'The data folder cannot be written to.');
      });
      return { status: 'ok' as const };
    },
  );
  http.get(
    '/metrics',
    { schema: { tags, summary: 'Figures in the Prometheus text format', produces: ['text/plain'] } },
    async (_request, reply) => {
      const { type, text } = await metrics.format();
      return await reply.type(type).send(text);
    },
  );
}
