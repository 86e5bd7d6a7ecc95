import type { Hub } from '../../channel/hub.ts';
import { OPEN_TO_ALL } from '../../egress/http/open-to-all.ts';
import type { Store } from '../../store/open-store.ts';
import { isChannelName } from '../../wire/channel-name.ts';
import { EVENT_STREAM_HEADERS, EventStream } from '../http/event-stream.ts';
import type { Http } from '../http/http.ts';
import { channelNotFound, HttpError } from '../http/http-error.ts';
import type { ChannelEvents } from './channel-events.ts';
import { allowOthers, DELIVERY_OPTIONS } from './deliver.ts';

/** What events are told from. */
export interface EventSources {
  readonly hub: Hub;
  readonly store: Store;
  readonly events: ChannelEvents;
  /** How many may follow at once; 10,000 by default. */
  readonly mostFollowers?: number;
}

const MOST_FOLLOWERS = 10_000;

/** `GET /live/{channel}/events`: server-sent events (HTML §9.2), each the JSON of a `ChannelEvent`. Open to all. */
export function eventRoutes(http: Http, sources: EventSources): void {
  const { hub, store, events, mostFollowers = MOST_FOLLOWERS } = sources;
  const streams = new Set<EventStream>();
  http.get('/live/:channel/events', DELIVERY_OPTIONS, async (request, reply) => {
    const { channel } = request.params as { readonly channel: string };
    reply.headers(OPEN_TO_ALL);
    const exists = hub.find(channel) ?? (isChannelName(channel) && (await store.channels.find(channel)));
    if (!exists) throw channelNotFound(channel);
    if (streams.size >= mostFollowers) {
      const message = 'Too many follow events here. Try again in a moment.';
      throw new HttpError(503, 'too-many-waiting', message, { 'retry-after': '5' });
    }
    reply.hijack();
    if (request.method === 'HEAD') {
      reply.raw.writeHead(200, { ...EVENT_STREAM_HEADERS, ...OPEN_TO_ALL }).end();
      return;
    }
    const stream = new EventStream(reply.raw, hub.clock, OPEN_TO_ALL);
    streams.add(stream);
    const leave = events.follow(channel, (event) => stream.send(JSON.stringify(event)));
    reply.raw.on('close', () => {
      leave();
      stream.close();
      streams.delete(stream);
    });
  });
  http.addHook('preClose', async () => {
    for (const stream of streams) stream.close();
  });
  http.options('/live/:channel/events', DELIVERY_OPTIONS, allowOthers);
}
