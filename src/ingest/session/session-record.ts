import Type, { type Static } from 'typebox';
import { MadeMedia, PackagerState } from '../../package/packager-state.ts';

const Whole = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const OptionalText = Type.Union([Type.Null(), Type.String({ maxLength: 1000 })]);
const Id = Type.String({ pattern: '^[0-9A-Za-z-]{1,64}$' });

/** Where a session's stream can be gone on with in another process. */
const Checkpoint = Type.Object({
  /** Bytes at the stream's beginning that a demuxer needs first, and the byte that it goes on from. */
  header: Whole,
  offset: Whole,
  /** How the packager stood there. */
  packager: PackagerState,
  /** What follows `offset` and was made into chunks, which the recording has. */
  made: MadeMedia,
  /** Where the broadcast's timeline stood, milliseconds. */
  position: Type.Number(),
  /** Where each of its tracks ended; what was written before this was noted is without. */
  ends: Type.Optional(
    Type.Object({ video: Type.Optional(Type.Number()), audio: Type.Optional(Type.Number()) }),
  ),
  /** Where the recording's file stood; its keeper's own, null where none was made. */
  recording: Type.Unknown(),
});

/** What is kept of a session beside its bytes: `{journal}/{id}.json`. Times in milliseconds since 1970. */
export const SessionRecord = Type.Object({
  version: Type.Literal(1),
  id: Id,
  channel: Type.String({ maxLength: 200 }),
  /**
   * `open`: its broadcast may be on, and a start of the server restores it. `unfinished`: its broadcast is over, but its
   * publisher did not end it and may have more. `ended`: its publisher ended it. `over`: nothing may follow.
   */
  status: Type.Union([
    Type.Literal('open'),
    Type.Literal('unfinished'),
    Type.Literal('ended'),
    Type.Literal('over'),
  ]),
  /** Its publisher speaks the protocol, and can come back. */
  resumable: Type.Boolean(),
  openedAt: Type.Number(),
  title: OptionalText,
  namePrefix: OptionalText,
  /** The broadcast that it feeds, or is to begin. */
  broadcast: Id,
  /** No session fed it before. */
  begins: Type.Boolean(),
  broadcastStartedAt: Type.Number(),
  /** Wall clock less the container's clock, as its publisher told. */
  captureDistance: Type.Union([Type.Null(), Type.Number()]),
  /** When it was no longer open. */
  closedAt: Type.Union([Type.Null(), Type.Number()]),
  /** All bytes of one that ended. */
  length: Type.Union([Type.Null(), Whole]),
  /** The recording that they are in, as far as they came while its broadcast was on. */
  recording: Type.Union([Type.Null(), Id]),
  /**
   * The recordings of its broadcast are to be made anew from what its sessions sent: it got bytes since then, or the
   * recording could not be written.
   */
  remake: Type.Boolean(),
  /** Its journal could not be written: what its publisher was not told to be stored is lost, unless that brings it. */
  distrusted: Type.Optional(Type.Boolean()),
  checkpoint: Type.Union([Type.Null(), Checkpoint]),
});
/** What is kept of a session beside its bytes. */
export type SessionRecord = Static<typeof SessionRecord>;
