import Type from 'typebox';
import { isChannelName } from '../../wire/channel-name.ts';
import type { Http, HttpRequest } from '../http/http.ts';
import { HttpError } from '../http/http-error.ts';
import type { Services } from '../services.ts';
import { describeEmbed, type EmbeddedChannel, fitEmbed } from './embedding.ts';

const HOST = /^[\w.:[\]-]{1,255}$/;
const Query = Type.Object({
  url: Type.String({ maxLength: 2048 }),
  maxwidth: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
  maxheight: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
  format: Type.Optional(Type.String({ maxLength: 20 })),
});

/** `GET /oembed`: how a watch page's address is shown on other sites (oembed.com). Open to all. */
export function oembedRoutes(http: Http, services: Services): void {
  http.get('/oembed', { schema: { hide: true, querystring: Query } }, async (request, reply) => {
    const { url, maxwidth, maxheight, format = 'json' } = request.query;
    reply.header('access-control-allow-origin', '*');
    if (format !== 'json') throw new HttpError(501, 'format-unknown', 'There is format=json here.');
    const origin = originOf(request);
    const name = channelOf(url, origin);
    const channel = name === undefined ? undefined : await findEmbedded(services, name);
    if (!channel)
      throw new HttpError(404, 'not-found', 'This is not the address of a channel to watch here.');
    reply.header('cache-control', 'public, max-age=60');
    return await reply.send(describeEmbed(origin, channel, fitEmbed(maxwidth, maxheight)));
  });
}

/** What others are told of a channel; undefined where there is none, or one that nobody may watch. */
export async function findEmbedded(
  { store, channels }: Services,
  name: string,
): Promise<EmbeddedChannel | undefined> {
  const stored = isChannelName(name) ? await store.channels.find(name) : undefined;
  if (!stored?.live) return undefined;
  const broadcast = channels.broadcastOf(name);
  const { title: channelTitle } = stored;
  return { name, channelTitle, title: broadcast?.info.title ?? channelTitle, live: broadcast !== undefined };
}

/** Where a client thinks that it is: `https://live.example.org`. Throws HttpError for a host that cannot be one. */
export function originOf({ protocol, host }: HttpRequest): string {
  if (!HOST.test(host)) throw new HttpError(400, 'invalid-request', 'This Host is none.');
  return `${protocol}://${host}`;
}

/** The channel of a watch or embed page of this server; undefined for any other address. */
function channelOf(url: string, origin: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { host, pathname } = new URL(url);
  const [, name] = /^\/(?:watch|embed)\/([^/]+)\/?$/.exec(pathname) ?? [];
  return host === new URL(origin).host ? name : undefined;
}
