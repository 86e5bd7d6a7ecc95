import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Hub } from '../../channel/hub.ts';
import { DeliveryError } from '../../egress/http/delivery-error.ts';
import { OPEN_TO_ALL } from '../../egress/http/open-to-all.ts';
import type { Presentation } from '../../egress/http/presentation.ts';
import type { Presentations } from '../../egress/http/presentations.ts';
import type { Store } from '../../store/open-store.ts';
import { isChannelName } from '../../wire/channel-name.ts';
import type { HttpReply, HttpRequest } from '../http/http.ts';
import { channelNotFound, HttpError } from '../http/http-error.ts';
import type { ViewerCounts, Visitor } from './viewer-counts.ts';
import type { ViewerTraffic } from './viewer-traffic.ts';

/** What players of segments are served from. */
export interface LiveSources {
  readonly hub: Hub;
  readonly store: Store;
  readonly presentations: Presentations;
  readonly traffic: ViewerTraffic;
  readonly viewers: ViewerCounts;
}

/** Answers the bytes that are sent. Throws DeliveryError while nothing is. */
type Send = (request: IncomingMessage, response: ServerResponse) => number | Promise<number>;

/** A day: what a page of another site may ask does not change. */
const PREFLIGHT_SECONDS = '86400';

/** Of routes for players: no page is shown there, and of the headers of pages their answers have their own. */
export const DELIVERY_OPTIONS = { helmet: false, schema: { hide: true } } as const;

/** Sends past Fastify: what is sent is shared, and its pace is the client's. Refusals are answered as all others are. */
export async function deliver(
  { traffic }: Pick<LiveSources, 'traffic'>,
  request: HttpRequest,
  reply: HttpReply,
  send: Send,
): Promise<void> {
  try {
    traffic.count(await send(request.raw, reply.raw));
    reply.hijack();
  } catch (error) {
    reply.headers(OPEN_TO_ALL);
    if (error instanceof DeliveryError)
      throw new HttpError(error.status, error.code, error.message, error.headers);
    throw error;
  }
}

/** Who makes a request, to be counted. */
export const visitorOf = ({ ip, headers }: HttpRequest): Visitor => ({
  address: ip,
  userAgent: headers['user-agent'],
});

/** Who only looks how far a playlist goes, as our player does before somebody goes back, watches nothing. */
export const isLook = (request: HttpRequest): boolean =>
  (request.query as { readonly optional?: unknown }).optional !== undefined;

/** What to play of a channel. Throws HttpError `channel-not-found` and DeliveryError `not-live`. */
export async function currentPresentation(
  { hub, store, presentations }: LiveSources,
  name: string,
): Promise<Presentation> {
  const channel = hub.find(name);
  // Only what nobody has used since the start is asked of the database.
  const exists = channel !== undefined || (isChannelName(name) && (await store.channels.find(name)));
  if (!exists) throw channelNotFound(name);
  return presentations.current(name, channel);
}

/** Answers players that send headers of their own (RFC 9110 §9.3.7, the CORS preflight of the Fetch standard). */
export async function allowOthers(_request: HttpRequest, reply: HttpReply): Promise<HttpReply> {
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
