import Type from 'typebox';
import type { RecordingRecord } from '../../store/recording-store.ts';
import { ApiError, RecordingList, RecordingQuery, RecordingResource } from '../../wire/api.ts';
import type { Http } from '../http/http.ts';
import { HttpError, recordingNotFound } from '../http/http-error.ts';
import { sendMedia } from '../http/send-media.ts';
import { fileNameOf, originalNameOf } from '../live/file-name.ts';
import type { Services } from '../services.ts';

const params = Type.Object({
  id: Type.String({ pattern: '^[0-9a-zA-Z-]{1,64}$', description: 'the id of a recording' }),
});
const tags = ['recordings'];
const DEFAULT_LIMIT = 100;

/** `/api/recordings`: for the admin only. */
export function recordingRoutes(http: Http, services: Services): void {
  listRoute(http, services);
  readAndDelete(http, services);
  mediaRoute(http, services);
  originalRoute(http, services);
  posterRoute(http, services);
}

function listRoute(http: Http, { store, recordings }: Services): void {
  http.get(
    '/recordings',
    {
      schema: {
        tags,
        summary: 'Recordings, the newest first',
        querystring: RecordingQuery,
        response: { 200: RecordingList, '4xx': ApiError },
      },
    },
    async ({ query }) => {
      const limit = query.limit ?? DEFAULT_LIMIT;
      const after = query.after === undefined ? undefined : parseCursor(query.after);
      // One more than asked for tells whether there is a next page.
      const found = await store.recordings.list({
        limit: limit + 1,
        ...(query.channel !== undefined && { channel: query.channel }),
        ...(after && { after }),
      });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const next = last && found.length > limit ? formatCursor(last) : null;
      return { items: page.map((recording) => recordings.describe(recording)), next };
    },
  );
}

function readAndDelete(http: Http, { store, recordings }: Services): void {
  http.get(
    '/recordings/:id',
    {
      schema: {
        tags,
        summary: 'One recording',
        params,
        response: { 200: RecordingResource, '4xx': ApiError },
      },
    },
    async ({ params: { id } }) => recordings.describe(found(await store.recordings.find(id), id)),
  );
  http.delete(
    '/recordings/:id',
    {
      schema: {
        tags,
        summary: 'Delete a recording and its file',
        description: '`409 recording-in-progress` while its broadcast is on.',
        params,
        response: { 204: Type.Null({ description: 'Done' }), '4xx': ApiError },
      },
    },
    async ({ params: { id } }, reply) => {
      found(await store.recordings.find(id), id);
      if (recordings.isOpen(id)) {
        throw new HttpError(409, 'recording-in-progress', 'This is being recorded. End the broadcast first.');
      }
      await recordings.delete(id);
      return await reply.code(204).send(null);
    },
  );
}

function mediaRoute(http: Http, { store, recordings }: Services): void {
  http.route({
    method: ['GET', 'HEAD'],
    url: '/recordings/:id/media.mp4',
    config: { rateLimit: false },
    schema: {
      tags,
      summary: 'The media of a recording',
      description:
        'MP4, with `Range`: fragmented, and one that still grows up to what is written; progressive once it is finalised, with another entity tag.',
      params,
      querystring: Type.Object({
        download: Type.Optional(Type.String({ description: 'Given, even empty: save it under a name' })),
      }),
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const recording = found(await store.recordings.find(id), id);
      const file = recordings.fileOf(id);
      const download = request.query.download === undefined ? undefined : `${fileNameOf(recording)}.mp4`;
      return await sendMedia(request, reply, { file, id, type: 'video/mp4', ...(download && { download }) });
    },
  });
}

function originalRoute(http: Http, { store, recordings }: Services): void {
  http.route({
    method: ['GET', 'HEAD'],
    url: '/recordings/:id/originals/:number',
    config: { rateLimit: false },
    schema: {
      tags,
      summary: 'What the publisher sent, as it was sent',
      description:
        'For download, with `Range`. One for each session of the publisher, counted from 1. A WebM as browsers stream it has neither a duration nor an index: players play it, and some cannot seek in it.',
      params: Type.Object({ ...params.properties, number: Type.Integer({ minimum: 1 }) }),
    },
    handler: async (request, reply) => {
      const { id, number } = request.params;
      const recording = found(await store.recordings.find(id), id);
      const original = recording.originals[number - 1];
      if (!original) {
        const message = `Recording ${id} has ${recording.originals.length} originals.`;
        throw new HttpError(404, 'original-not-found', message);
      }
      const file = recordings.originalFileOf(id, original);
      const download = originalNameOf(recording, number - 1);
      return await sendMedia(request, reply, {
        file,
        id: `${id}-${number}`,
        type: original.mime,
        download,
      });
    },
  });
}

function posterRoute(http: Http, { store, recordings }: Services): void {
  http.route({
    method: ['GET', 'HEAD'],
    url: '/recordings/:id/poster',
    // A page of the list asks for a hundred at once.
    config: { rateLimit: false },
    schema: {
      tags,
      summary: 'The picture of a recording',
      description: '`404 poster-not-found` when its publisher sent none.',
      params,
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const poster = recordings.findPoster(found(await store.recordings.find(id), id));
      if (!poster) throw new HttpError(404, 'poster-not-found', `Recording ${id} has no picture.`);
      return await sendMedia(request, reply, { file: poster.file, id: `${id}-poster`, type: poster.mime });
    },
  });
}

function found(recording: RecordingRecord | undefined, id: string): RecordingRecord {
  if (!recording) throw recordingNotFound(id);
  return recording;
}

const formatCursor = (recording: RecordingRecord) => `${recording.startedAt}.${recording.id}`;

function parseCursor(cursor: string): { startedAt: number; id: string } {
  const match = /^(\d{1,16})\.([0-9a-zA-Z-]{1,64})$/.exec(cursor);
  if (!match?.[1] || !match[2]) {
    throw new HttpError(400, 'invalid-request', 'query: after: expected `next` of the page before.');
  }
  return { startedAt: Number(match[1]), id: match[2] };
}
