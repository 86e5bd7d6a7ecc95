import { randomUUID } from 'node:crypto';
import Type from 'typebox';
import type { ChannelRecord } from '../../store/channel-store.ts';
import {
  ApiError,
  BroadcastResource,
  ChannelList,
  ChannelName,
  ChannelResource,
  ChannelWithKey,
  CreateChannel,
  StreamKeyResource,
  UpdateChannel,
} from '../../wire/api.ts';
import type { Http } from '../http/http.ts';
import { channelNotFound, HttpError } from '../http/http-error.ts';
import type { Services } from '../services.ts';

const params = Type.Object({ name: ChannelName });
const tags = ['channels'];
const NoContent = Type.Null({ description: 'Done' });

/** `/api/channels`: for the admin only. */
export function channelRoutes(http: Http, services: Services): void {
  listAndCreate(http, services);
  readChangeDelete(http, services);
  keyRoutes(http, services);
  broadcastRoute(http, services);
}

function listAndCreate(http: Http, { store, streamKeys, clock, channels }: Services): void {
  http.get(
    '/channels',
    { schema: { tags, summary: 'Every channel, by name', response: { 200: ChannelList, '4xx': ApiError } } },
    async () => ({ items: (await store.channels.list()).map((channel) => channels.describe(channel)) }),
  );
  http.post(
    '/channels',
    {
      schema: {
        tags,
        summary: 'Make a channel',
        description: 'The answer has its stream key. `409 channel-exists` when the name is taken.',
        body: CreateChannel,
        response: { 201: ChannelWithKey, '4xx': ApiError },
      },
    },
    async (request, reply) => {
      const { name, title, record, live, reconnectGrace, maxDuration } = request.body;
      const { keepBytes = null, keepDays = null, keepOriginal = false, dvr = null } = request.body;
      const key = streamKeys.make();
      const channel: ChannelRecord = {
        id: randomUUID(),
        name,
        title: title?.trim() || name,
        record: record ?? true,
        live: live ?? true,
        reconnectGrace: reconnectGrace ?? null,
        maxDuration: maxDuration ?? null,
        createdAt: clock.wall(),
        keepBytes,
        keepDays,
        keepOriginal,
        dvr,
      };
      await store.channels.create(channel, key);
      reply.code(201).header('location', `/api/channels/${name}`);
      return { ...channels.describe(channel), streamKey: key.key };
    },
  );
}

function readChangeDelete(http: Http, { store, channels }: Services): void {
  http.get(
    '/channels/:name',
    { schema: { tags, summary: 'One channel', params, response: { 200: ChannelResource, '4xx': ApiError } } },
    async ({ params: { name } }) => channels.describe(found(await store.channels.find(name), name)),
  );
  http.patch(
    '/channels/:name',
    {
      schema: {
        tags,
        summary: 'Rename a channel or change its settings',
        description:
          'What is left out stays. Renaming keeps the stream key and the recordings; while the channel is live it is refused with `409 channel-live`.',
        params,
        body: UpdateChannel,
        response: { 200: ChannelResource, '4xx': ApiError },
      },
    },
    async ({ params: { name }, body }) => {
      const renames = body.name !== undefined && body.name !== name;
      if (renames && channels.isHeld(name)) {
        throw new HttpError(409, 'channel-live', `${name} is live. Rename it when the broadcast is over.`);
      }
      const title = body.title === undefined ? {} : { title: body.title.trim() || (body.name ?? name) };
      const channel = found(await store.channels.update(name, { ...body, ...title }), name);
      channels.changed(name, channel);
      return channels.describe(channel);
    },
  );
  http.delete(
    '/channels/:name',
    {
      schema: {
        tags,
        summary: 'Delete a channel',
        description: 'Ends its broadcast and lets its viewers go. Its recordings stay.',
        params,
        response: { 204: NoContent, '4xx': ApiError },
      },
    },
    async ({ params: { name } }, reply) => {
      if (!(await store.channels.delete(name))) throw channelNotFound(name);
      channels.removed(name);
      return await reply.code(204).send(null);
    },
  );
}

function keyRoutes(http: Http, { store, streamKeys, channels }: Services): void {
  http.get(
    '/channels/:name/key',
    {
      schema: {
        tags,
        summary: 'The stream key',
        params,
        response: { 200: StreamKeyResource, '4xx': ApiError },
      },
    },
    async ({ params: { name } }, reply) => {
      const stored = found(await store.channels.key(name), name);
      const streamKey = streamKeys.unseal(stored.sealed);
      if (streamKey === undefined) {
        const message =
          'This key was sealed with another server secret. It still works; to see one, make a new key.';
        throw new HttpError(409, 'key-unreadable', message);
      }
      reply.header('cache-control', 'no-store');
      return { streamKey };
    },
  );
  http.post(
    '/channels/:name/key',
    {
      schema: {
        tags,
        summary: 'Make a new stream key',
        description:
          'A publisher that is live stays so; with the old key nobody can connect again, it neither.',
        params,
        response: { 200: ChannelWithKey, '4xx': ApiError },
      },
    },
    async ({ params: { name } }, reply) => {
      const channel = found(await store.channels.find(name), name);
      const key = streamKeys.make();
      if (!(await store.channels.setKey(name, key))) throw channelNotFound(name);
      reply.header('cache-control', 'no-store');
      return { ...channels.describe(channel), streamKey: key.key };
    },
  );
}

function broadcastRoute(http: Http, { store, channels }: Services): void {
  http.get(
    '/channels/:name/broadcast',
    {
      schema: {
        tags,
        summary: 'The broadcast that is on',
        description: '`404 not-live` when there is none.',
        params,
        response: { 200: BroadcastResource, '4xx': ApiError },
      },
    },
    async ({ params: { name } }) => {
      found(await store.channels.find(name), name);
      const broadcast = channels.describeBroadcast(name);
      if (!broadcast) throw new HttpError(404, 'not-live', `${name} is not live.`);
      return broadcast;
    },
  );
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw channelNotFound(name);
  return value;
}
