import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Hub } from '../../channel/hub.ts';
import { HlsEgress } from '../../egress/hls/hls-egress.ts';
import { DeliveryError } from '../../egress/http/delivery-error.ts';
import { findMedia, parseMediaName } from '../../egress/http/media-resource.ts';
import { OPEN_TO_ALL } from '../../egress/http/open-to-all.ts';
import type { Presentations } from '../../egress/http/presentations.ts';
import { sendMedia } from '../../egress/http/send-media.ts';
import type { Track } from '../../media/track.ts';
import type { Store } from '../../store/open-store.ts';
import { isChannelName } from '../../wire/channel-name.ts';
import type { Http, HttpPlugin, HttpReply, HttpRequest } from '../http/http.ts';
import { channelNotFound, HttpError } from '../http/http-error.ts';
import type { ViewerTraffic } from './viewer-traffic.ts';

/** What players of segments are served from. */
export interface HlsSources {
  readonly hub: Hub;
  readonly store: Store;
  readonly presentations: Presentations;
  readonly traffic: ViewerTraffic;
}

/** Answers the bytes that are sent. Throws DeliveryError while nothing is. */
type Send = (request: IncomingMessage, response: ServerResponse) => number | Promise<number>;

/** A day: what a page of another site may ask does not change. */
const PREFLIGHT_SECONDS = '86400';
/** No page is shown here: of the headers of pages these answers have their own. */
const OPTIONS = { helmet: false, schema: { hide: true } } as const;

/**
 * `/live/{channel}/index.m3u8`, and below `/live/{channel}/{presentation}/` what it names: playlists, and media that DASH
 * shares. Open to whoever knows the address.
 */
export async function hlsRoutes(http: Http, sources: HlsSources): Promise<void> {
  const routes: HttpPlugin = async (scope) => {
    // Ten times a second and viewer: a log of its own for each request would cost a tenth of serving it.
    scope.setChildLoggerFactory((logger) => logger);
    const egress = new HlsEgress();
    multivariantRoute(scope, egress, sources);
    presentationRoutes(scope, egress, sources);
  };
  await http.register(routes);
}

function presentationRoutes(http: Http, egress: HlsEgress, sources: HlsSources): void {
  const { presentations } = sources;
  http.get('/live/:channel/:presentation/:file', OPTIONS, async (request, reply) => {
    const { channel, presentation, file } = request.params as Names;
    await deliver(sources, request, reply, async (raw, response) => {
      const found = presentations.find(channel, presentation);
      const kind = kindOf(file.endsWith('.m3u8') ? file.slice(0, -5) : '');
      return await egress.sendPlaylist(found, kind, request.query as Record<string, unknown>, raw, response);
    });
  });
  http.get('/live/:channel/:presentation/:kind/:name', OPTIONS, async (request, reply) => {
    const { channel, presentation, kind, name } = request.params as Names;
    await deliver(sources, request, reply, async (raw, response) => {
      const found = presentations.find(channel, presentation);
      const media = await findMedia(found, kindOf(kind), parseMediaName(name), response);
      return media ? sendMedia(raw, response, media) : 0;
    });
  });
  for (const path of ['index.m3u8', ':presentation/:file', ':presentation/:kind/:name']) {
    http.options(`/live/:channel/${path}`, OPTIONS, allowOthers);
  }
}

interface Names {
  readonly channel: string;
  readonly presentation: string;
  readonly file: string;
  readonly kind: string;
  readonly name: string;
}

function multivariantRoute(http: Http, egress: HlsEgress, sources: HlsSources): void {
  const { hub, store, presentations } = sources;
  http.get('/live/:channel/index.m3u8', OPTIONS, async (request, reply) => {
    const name = (request.params as Names).channel;
    const channel = hub.find(name);
    // Only what nobody has used since the start is asked of the database.
    const exists = channel !== undefined || (isChannelName(name) && (await store.channels.find(name)));
    await deliver(sources, request, reply, (raw, response) => {
      if (!exists) throw channelNotFound(name);
      return egress.sendMultivariant(presentations.current(name, channel), raw, response);
    });
  });
}

/** Sends past Fastify: what is sent is shared, and its pace is the client's. Refusals are answered as all others are. */
async function deliver(
  sources: HlsSources,
  request: HttpRequest,
  reply: HttpReply,
  send: Send,
): Promise<void> {
  try {
    sources.traffic.count(await send(request.raw, reply.raw));
    reply.hijack();
  } catch (error) {
    reply.headers(OPEN_TO_ALL);
    if (error instanceof DeliveryError)
      throw new HttpError(error.status, error.code, error.message, error.headers);
    throw error;
  }
}

function kindOf(name: string): Track['kind'] {
  if (name === 'video' || name === 'audio') return name;
  throw new DeliveryError('media-not-found', 'There are video and audio here.');
}

/** Players that send headers of their own (RFC 9110 §9.3.7, the CORS preflight of the Fetch standard). */
async function allowOthers(_request: HttpRequest, reply: HttpReply): Promise<HttpReply> {
  return await reply
    .headers(OPEN_TO_ALL)
    .headers({
      'access-control-allow-methods': 'GET, HEAD, OPTIONS',
      'access-control-allow-headers': '*, range, if-none-match',
      'access-control-max-age': PREFLIGHT_SECONDS,
    })
    .code(204)
    .send();
}
