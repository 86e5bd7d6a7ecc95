import Type, { type Static } from 'typebox';
import { timescale } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';

const Whole = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Configuration = Type.String({ maxLength: 100_000 });

const SavedTrack = Type.Union([
  Type.Object({
    kind: Type.Literal('video'),
    codec: Type.Union([
      Type.Literal('avc'),
      Type.Literal('hevc'),
      Type.Literal('vp8'),
      Type.Literal('vp9'),
      Type.Literal('av1'),
    ]),
    codecString: Type.String({ maxLength: 100 }),
    timescale: Whole,
    configuration: Configuration,
    width: Whole,
    height: Whole,
  }),
  Type.Object({
    kind: Type.Literal('audio'),
    codec: Type.Union([Type.Literal('opus'), Type.Literal('aac')]),
    codecString: Type.String({ maxLength: 100 }),
    timescale: Whole,
    configuration: Configuration,
    sampleRate: Whole,
    channels: Whole,
  }),
]);
type SavedTrack = Static<typeof SavedTrack>;

const SavedGap = Type.Object({ at: Whole, duration: Whole });

/** Where a recording's file stands, as plain data, for another process to go on with it. Times in milliseconds. */
const RecordingState = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f-]{36}$' }),
  /** Bytes of the file that are meant: what follows is written anew. */
  size: Whole,
  headerSize: Whole,
  tracks: Type.Array(SavedTrack, { minItems: 1, maxItems: 2 }),
  inBandParameterSets: Type.Boolean(),
  startedAt: Type.Number(),
  startAt: Type.Number(),
  end: Type.Number(),
  /** In ticks of the track that groups are counted by. */
  referenceEnd: Whole,
  gaps: Type.Array(SavedGap),
});
/** Where a recording's file stands. */
export type RecordingState = Static<typeof RecordingState>;

/** Where the recording of a broadcast stands, as plain data, for another process to go on with it. */
export const BroadcastRecordingState = Type.Object({
  recording: RecordingState,
  /** Where each track's media ends, by its id. */
  ends: Type.Array(Type.Tuple([Whole, Type.Number()]), { maxItems: 8 }),
  /** Wall clock at the end of the media. */
  wallEnd: Type.Union([Type.Number(), Type.Null()]),
});
/** Where the recording of a broadcast stands. */
export type BroadcastRecordingState = Static<typeof BroadcastRecordingState>;

/** Tracks as plain data. */
export const saveTracks = (tracks: readonly Track[]): SavedTrack[] =>
  tracks.map((track) => ({ ...track, configuration: Buffer.from(track.configuration).toString('base64') }));

/** What {@link saveTracks} was given. */
export const restoreTracks = (tracks: readonly SavedTrack[]): Track[] =>
  tracks.map((track) => ({
    ...track,
    timescale: timescale(track.timescale),
    configuration: new Uint8Array(Buffer.from(track.configuration, 'base64')),
  }));
