import type { PlayServerMessage, PlayTrack } from '../../wire/play.ts';

const MAX_TEXT = 65_536;
const MAX_TRACKS = 8;

/** The server said something that the play protocol does not allow. */
export class PlayProtocolError extends Error {
  override readonly name = 'PlayProtocolError';
  readonly code = 'protocol';
}

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

function number(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new PlayProtocolError(`The server's "${String(fields.type)}" has no number "${name}".`);
  }
  return value;
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') {
    throw new PlayProtocolError(`The server's "${String(fields.type)}" has no text "${name}".`);
  }
  return value;
}

function parseTrack(value: unknown): PlayTrack {
  if (!isFields(value)) throw new PlayProtocolError('The server described a track that is not an object.');
  const kind = value.kind;
  if (kind !== 'video' && kind !== 'audio')
    throw new PlayProtocolError('The server described a track of no known kind.');
  const sizes: { -readonly [Name in 'width' | 'height' | 'sampleRate' | 'channels']?: number } = {};
  for (const name of ['width', 'height', 'sampleRate', 'channels'] as const) {
    if (value[name] !== undefined) sizes[name] = number(value, name);
  }
  return { kind, codec: text(value, 'codec'), ...sizes };
}

function parseTracks(fields: Fields): readonly PlayTrack[] {
  const tracks = fields.tracks;
  if (!Array.isArray(tracks) || tracks.length === 0 || tracks.length > MAX_TRACKS) {
    throw new PlayProtocolError(`The server's "tracks" does not list 1 to ${MAX_TRACKS} tracks.`);
  }
  return tracks.map(parseTrack);
}

const PARSERS: { [Type in PlayServerMessage['type']]: (fields: Fields) => PlayServerMessage } = {
  offline: () => ({ type: 'offline' }),
  live: (fields) => ({
    type: 'live',
    broadcast: text(fields, 'broadcast'),
    startedAt: number(fields, 'startedAt'),
    title: typeof fields.title === 'string' ? fields.title : null,
    ...(typeof fields.dvr === 'boolean' && { dvr: fields.dvr }),
  }),
  tracks: (fields) => ({
    type: 'tracks',
    epoch: number(fields, 'epoch'),
    mime: text(fields, 'mime'),
    tracks: parseTracks(fields),
  }),
  discontinuity: () => ({ type: 'discontinuity' }),
  interrupted: (fields) => ({ type: 'interrupted', grace: number(fields, 'grace') }),
  resumed: () => ({ type: 'resumed' }),
  ended: () => ({ type: 'ended' }),
  skipped: (fields) => ({
    type: 'skipped',
    chunks: number(fields, 'chunks'),
    bytes: number(fields, 'bytes'),
  }),
  viewers: (fields) => ({ type: 'viewers', count: number(fields, 'count') }),
  pong: (fields) => ({ type: 'pong', id: number(fields, 'id'), time: number(fields, 'time') }),
};

const isKnown = (type: unknown): type is PlayServerMessage['type'] =>
  typeof type === 'string' && Object.hasOwn(PARSERS, type);

/**
 * Reads a text message of the server. Undefined for a type that is not known, so that a newer server may say more.
 * Throws PlayProtocolError.
 */
export function parsePlayMessage(data: string): PlayServerMessage | undefined {
  if (data.length > MAX_TEXT)
    throw new PlayProtocolError('The server sent a text message of more than 64 KiB.');
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw new PlayProtocolError('The server sent text that is not JSON.');
  }
  if (!isFields(value)) throw new PlayProtocolError('The server sent JSON that is not an object.');
  const type = value.type;
  return isKnown(type) ? PARSERS[type](value) : undefined;
}
