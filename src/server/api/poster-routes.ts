import rateLimit from '@fastify/rate-limit';
import Type from 'typebox';
import { matchesTag } from '../../egress/http/matches-tag.ts';
import { ApiError, ChannelName } from '../../wire/api.ts';
import { networkOf } from '../../wire/network-of.ts';
import type { Http, HttpPlugin, HttpRequest } from '../http/http.ts';
import { channelNotFound, HttpError } from '../http/http-error.ts';
import { LivePosters } from '../live/live-posters.ts';
import { MAX_POSTER_BYTES, POSTER_MIMES, type Poster, posterMimeOf } from '../live/poster.ts';
import type { Services } from '../services.ts';
import { admitPublisher, KeyCheck } from '../websocket/admit-publisher.ts';

const params = Type.Object({ channel: ChannelName });
const tags = ['live'];
const MAX_PER_MINUTE = 120;
/** Seconds for which caches need not ask again. */
const MAX_AGE = 10;

/** `/live/{channel}/poster`: set by the publisher of the broadcast that is on, shown to whoever may watch it. */
export async function posterRoutes(http: Http, services: Services): Promise<void> {
  const posters = new LivePosters();
  readRoute(http, services, posters);
  const uploads: HttpPlugin = async (scope) => {
    await scope.register(rateLimit, { max: MAX_PER_MINUTE, timeWindow: 60_000, cache: 10_000 });
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      [...POSTER_MIMES],
      { parseAs: 'buffer' },
      async (_request: unknown, body: Buffer) => body,
    );
    scope.setErrorHandler((error) => {
      throw nameRefusal(error);
    });
    writeRoute(scope, services, posters);
  };
  await http.register(uploads);
}

function readRoute(http: Http, { store, channels }: Services, posters: LivePosters): void {
  http.get(
    '/live/:channel/poster',
    {
      schema: {
        tags,
        summary: 'The picture of the broadcast that is on',
        description:
          'Open to all who may watch it. When its publisher sent none: `404 poster-not-found`, or an empty `204` where `optional` is given, so that a page may simply try.',
        produces: [...POSTER_MIMES],
        params,
        querystring: Type.Object({ optional: Type.Optional(Type.String()) }),
      },
    },
    async (request, reply) => {
      const name = request.params.channel;
      const channel = await store.channels.find(name);
      if (!channel) throw channelNotFound(name);
      const broadcast = channel.live ? channels.broadcastOf(name) : undefined;
      const poster = broadcast && posters.find(broadcast.info.id);
      if (!poster && request.query.optional !== undefined) {
        return await reply.code(204).header('cache-control', 'no-store').send();
      }
      if (!poster) throw new HttpError(404, 'poster-not-found', `There is no picture of ${name} now.`);
      reply.header('etag', poster.etag).header('cache-control', `public, max-age=${MAX_AGE}`);
      if (matchesTag(request.headers['if-none-match'], poster.etag)) return await reply.code(304).send();
      return await reply.type(poster.mime).send(poster.bytes);
    },
  );
}

function writeRoute(http: Http, services: Services, posters: LivePosters): void {
  const { channels, recordings, logger } = services;
  http.put(
    '/live/:channel/poster',
    {
      bodyLimit: MAX_POSTER_BYTES,
      onRequest: async (request) => await admit(services, request),
      schema: {
        tags,
        summary: 'Set the picture of the broadcast that is on, and of its recording',
        description:
          'For its publisher: with the stream key as `Authorization: Bearer …`, or from a signed-in studio. JPEG, PNG or WebP of at most 512 KiB. `409 not-live` when there is no broadcast.',
        consumes: [...POSTER_MIMES],
        params,
        body: Type.Unknown({ description: 'The image' }),
        response: { 204: Type.Null({ description: 'Done' }), '4xx': ApiError, 507: ApiError },
      },
    },
    async (request, reply) => {
      const name = request.params.channel;
      const poster = readPoster(request);
      const broadcast = channels.broadcastOf(name);
      if (!broadcast) throw new HttpError(409, 'not-live', `${name} is not live.`);
      posters.set(broadcast, poster);
      const recording = recordings.idOf(broadcast.info.id);
      if (recording !== null) {
        await recordings.savePoster(recording, poster).catch((error: unknown) => {
          logger.warn({ recording, err: error }, 'a poster could not be stored');
          throw new HttpError(
            507,
            'storage-failed',
            'The picture could not be stored: the disk may be full.',
          );
        });
      }
      return await reply.code(204).send(null);
    },
  );
}

/** Whoever may publish. Throws HttpError 401, 403, 404 or 429, before the body is read. */
async function admit(services: Services, request: HttpRequest): Promise<void> {
  const { store, admin, streamKeys, keyFailures: failures, config, proxies } = services;
  const { channel } = request.params as { channel: string };
  const key = await store.channels.key(channel);
  if (!key) throw channelNotFound(channel);
  const options = { admin, streamKeys, failures, origins: config.server.origins };
  const from = proxies.originOf(request.raw);
  const keyCheck = new KeyCheck(options, key.hash, `${networkOf(from.address)} ${channel}`);
  const query = new URLSearchParams();
  await admitPublisher(options, { request: request.raw, from, channel, query, canSayKey: false, keyCheck });
}

/** What it claims to be is what its first bytes say, or it is refused. */
function readPoster({ body, headers }: HttpRequest): Poster {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const mime = posterMimeOf(bytes);
  const claimed = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (mime !== undefined && mime === claimed) return { mime, bytes };
  const message = 'This is not the image that its content-type says. Send a JPEG, a PNG or a WebP.';
  throw new HttpError(415, 'poster-malformed', message);
}

/** What Fastify says of bodies, in the words of this one. */
function nameRefusal(error: unknown): unknown {
  switch ((error as { code?: unknown }).code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HttpError(413, 'poster-too-large', 'The picture is larger than 512 KiB.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HttpError(415, 'poster-type-unsupported', 'Send image/jpeg, image/png or image/webp.');
    default:
      return error;
  }
}
