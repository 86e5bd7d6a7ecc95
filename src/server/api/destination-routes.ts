import { randomUUID } from 'node:crypto';
import Type from 'typebox';
import { DestinationError } from '../../egress/rtmp/destination-error.ts';
import { type PublishTarget, parsePublishTarget, splitStreamKey } from '../../egress/rtmp/publish-target.ts';
import type { DestinationChange, DestinationRecord } from '../../store/destination-store.ts';
import {
  ApiError,
  ChannelName,
  CreateDestination,
  DestinationList,
  DestinationResource,
  DestinationTest,
  UpdateDestination,
} from '../../wire/api.ts';
import { EVENT_STREAM_HEADERS, EventStream } from '../http/event-stream.ts';
import type { Http } from '../http/http.ts';
import { channelNotFound, HttpError } from '../http/http-error.ts';
import type { Services } from '../services.ts';

const ofChannel = Type.Object({ name: ChannelName });
const ofDestination = Type.Object({ name: ChannelName, id: Type.String({ maxLength: 100 }) });
const tags = ['destinations'];
const NoContent = Type.Null({ description: 'Done' });
/** More than anybody streams to at once. */
const MAX_DESTINATIONS = 20;
/** Studios and programs that follow destinations at once, of all channels. */
const MAX_FOLLOWERS = 200;

/** `/api/channels/{name}/destinations`: for the admin only. */
export function destinationRoutes(http: Http, services: Services): void {
  listAndCreate(http, services);
  events(http, services);
  readChangeDelete(http, services);
  actions(http, services);
}

function listAndCreate(http: Http, { store, destinations, destinationKeys, clock }: Services): void {
  http.get(
    '/channels/:name/destinations',
    {
      schema: {
        tags,
        summary: 'Where a channel is pushed to, and how that goes',
        params: ofChannel,
        response: { 200: DestinationList, '4xx': ApiError },
      },
    },
    async ({ params: { name } }) => {
      await findChannel(store, name);
      return { items: (await store.destinations.list(name)).map((one) => destinations.describe(one)) };
    },
  );
  http.post(
    '/channels/:name/destinations',
    {
      schema: {
        tags,
        summary: 'Add a destination',
        description:
          'The stream key is stored encrypted and never answered; without one it is the last part of the address, and taken out of that. Where the channel is live, pushing begins at once.',
        params: ofChannel,
        body: CreateDestination,
        response: { 201: DestinationResource, '4xx': ApiError },
      },
    },
    async ({ params: { name }, body }, reply) => {
      const { provider = 'custom', playbackUrl = null, maxDuration = null } = body;
      const { enabled = true, when = 'always', mode = 'copy' } = body;
      const { url, streamKey } = splitStreamKey(body.url, body.streamKey ?? '');
      checkTarget(url, streamKey);
      await findChannel(store, name);
      if ((await store.destinations.list(name)).length >= MAX_DESTINATIONS) {
        throw new HttpError(
          409,
          'too-many-destinations',
          `${name} has ${MAX_DESTINATIONS} destinations already.`,
        );
      }
      const destination: DestinationRecord = {
        ...{ id: randomUUID(), name: body.name.trim() || provider, url, createdAt: clock.wall() },
        ...{ provider, playbackUrl, enabled, when, mode, maxDuration },
        sealedKey: destinationKeys.seal(streamKey),
      };
      if (!(await store.destinations.create(name, destination))) throw channelNotFound(name);
      destinations.changed(name, destination);
      reply.code(201).header('location', `/api/channels/${name}/destinations/${destination.id}`);
      return destinations.describe(destination);
    },
  );
}

/** Server-sent events: `{id, status}` of each destination now, then whenever the state of one changes. */
function events(http: Http, { store, destinations, clock }: Services): void {
  const streams = new Set<EventStream>();
  http.get(
    '/channels/:name/destinations/events',
    {
      schema: {
        tags,
        summary: 'Follow how destinations do',
        description:
          'Server-sent events, each the JSON of `{id, status}`: of every destination at first, then of each whose state changes.',
        produces: ['text/event-stream'],
        params: ofChannel,
      },
    },
    async ({ method, params: { name } }, reply) => {
      await findChannel(store, name);
      if (method === 'HEAD') {
        reply.hijack();
        reply.raw.writeHead(200, EVENT_STREAM_HEADERS).end();
        return;
      }
      if (streams.size >= MAX_FOLLOWERS) {
        throw new HttpError(
          503,
          'too-many-waiting',
          'Too many follow destinations here. Try again in a moment.',
        );
      }
      const present = (await store.destinations.list(name)).map((one) => destinations.describe(one));
      reply.hijack();
      const stream = new EventStream(reply.raw, clock);
      streams.add(stream);
      const leave = destinations.follow(name, (event) => stream.send(JSON.stringify(event)));
      for (const { id, status } of present) stream.send(JSON.stringify({ id, status }));
      reply.raw.on('close', () => {
        leave();
        stream.close();
        streams.delete(stream);
      });
    },
  );
  http.addHook('preClose', async () => {
    for (const stream of streams) stream.close();
  });
}

function readChangeDelete(http: Http, { store, destinations, destinationKeys }: Services): void {
  http.get(
    '/channels/:name/destinations/:id',
    {
      schema: {
        tags,
        summary: 'One destination',
        params: ofDestination,
        response: { 200: DestinationResource, '4xx': ApiError },
      },
    },
    async ({ params: { name, id } }) => destinations.describe(await find(store, name, id)),
  );
  http.patch(
    '/channels/:name/destinations/:id',
    {
      schema: {
        tags,
        summary: 'Change a destination, or switch it on and off',
        description:
          'What is left out stays. It takes effect at once, also while the channel is live. Another server needs the stream key again (`400 key-needed`).',
        params: ofDestination,
        body: UpdateDestination,
        response: { 200: DestinationResource, '4xx': ApiError },
      },
    },
    async ({ params: { name, id }, body: { streamKey, ...rest } }) => {
      const before = await find(store, name, id);
      const place = placeOf({ url: rest.url, streamKey }, before, destinationKeys);
      const change: DestinationChange = { ...rest, ...place };
      const destination = await store.destinations.update(name, id, change);
      if (!destination) throw destinationNotFound(id);
      destinations.changed(name, destination, before);
      return destinations.describe(destination);
    },
  );
  http.delete(
    '/channels/:name/destinations/:id',
    {
      schema: {
        tags,
        summary: 'Delete a destination',
        description: 'What is being pushed to it ends.',
        params: ofDestination,
        response: { 204: NoContent, '4xx': ApiError },
      },
    },
    async ({ params: { name, id } }, reply) => {
      if (!(await store.destinations.delete(name, id))) throw destinationNotFound(id);
      destinations.forget(id);
      return await reply.code(204).send(null);
    },
  );
}

function actions(http: Http, { store, destinations }: Services): void {
  http.post(
    '/channels/:name/destinations/:id/start',
    {
      schema: {
        tags,
        summary: 'Push the broadcast that is on',
        description:
          'For one that is `on-demand`, or that failed, was stopped or reached its time limit. `409 not-live` when no broadcast is on, `409 not-shown` when it is only recorded.',
        params: ofDestination,
        response: { 200: DestinationResource, '4xx': ApiError },
      },
    },
    async ({ params: { name, id } }) => {
      const destination = await find(store, name, id);
      const problem = destinations.push(name, destination);
      if (problem !== undefined) throw new HttpError(409, problem, NOT_PUSHED[problem](name));
      return destinations.describe(destination);
    },
  );
  http.post(
    '/channels/:name/destinations/:id/stop',
    {
      schema: {
        tags,
        summary: 'End what is being pushed, for this broadcast',
        params: ofDestination,
        response: { 200: DestinationResource, '4xx': ApiError },
      },
    },
    async ({ params: { name, id } }) => {
      const destination = await find(store, name, id);
      destinations.stop(id);
      return destinations.describe(destination);
    },
  );
  http.post(
    '/channels/:name/destinations/:id/test',
    {
      schema: {
        tags,
        summary: 'Connect, publish nothing, and report',
        params: ofDestination,
        response: { 200: DestinationTest, '4xx': ApiError },
      },
    },
    async ({ params: { name, id } }) => {
      const { reached, code, words } = await destinations.test(await find(store, name, id));
      return { reached, code, message: words };
    },
  );
}

/** What a change says of where it is pushed to, with the key sealed. Throws HttpError 400. */
function placeOf(
  { url, streamKey }: { readonly url: string | undefined; readonly streamKey: string | undefined },
  before: DestinationRecord,
  keys: Services['destinationKeys'],
): DestinationChange {
  if (url === undefined && streamKey === undefined) return {};
  if (streamKey === undefined && before.sealedKey !== null) {
    const next = checkTarget(url ?? before.url, 'stored');
    const last = checkTarget(before.url, 'stored');
    // Else whoever may change a destination could have its key sent to a server of their own.
    if (next.host !== last.host || next.port !== last.port || next.tls !== last.tls) {
      const message = 'Another server is not given the stream key that is stored: enter it again.';
      throw new HttpError(400, 'key-needed', message);
    }
    return {};
  }
  const place = splitStreamKey(url ?? before.url, streamKey ?? '');
  checkTarget(place.url, place.streamKey);
  return { url: place.url, sealedKey: keys.seal(place.streamKey) };
}

/** Throws HttpError 400 in the words of what is wrong with the address. */
function checkTarget(url: string, streamKey: string): PublishTarget {
  try {
    return parsePublishTarget(url, streamKey);
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
    throw new HttpError(400, error.code, error.message);
  }
}

async function findChannel(store: Services['store'], name: string): Promise<void> {
  if (!(await store.channels.find(name))) throw channelNotFound(name);
}

async function find(store: Services['store'], name: string, id: string): Promise<DestinationRecord> {
  const destination = await store.destinations.find(name, id);
  if (destination) return destination;
  await findChannel(store, name);
  throw destinationNotFound(id);
}

const NOT_PUSHED = {
  'not-live': (name: string) => `${name} is not live.`,
  'not-shown': (name: string) =>
    `This broadcast of ${name} is only recorded: nobody is shown it, and it is sent nowhere. Let the channel show its broadcasts, and go live again.`,
};

const destinationNotFound = (id: string) =>
  new HttpError(404, 'destination-not-found', `There is no destination ${id}.`);
