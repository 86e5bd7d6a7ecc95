import Type, { type Static } from 'typebox';

const Whole = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Signed = Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER });

/** How a track's clock is set: a moment on the source's side and its place, and where the track's media ends. */
export const TrackClockState = Type.Object({
  from: Whole,
  to: Whole,
  anchor: Type.Union([Type.Null(), Type.Object({ source: Signed, place: Signed })]),
  end: Signed,
});
/** How a track's clock is set. */
export type TrackClockState = Static<typeof TrackClockState>;

/**
 * Where the video of a session stands. `dts`: of the frame that is held, or else the last one; `written`: frames that
 * chunks were made of; `joins`: the next frame begins an epoch and follows where the track ended; `stretch`: by so much
 * longer is the frame that is held.
 */
export const VideoChunkerState = Type.Object({
  clock: TrackClockState,
  written: Whole,
  dts: Signed,
  held: Type.Boolean(),
  lastDuration: Whole,
  lead: Signed,
  started: Type.Boolean(),
  joins: Type.Optional(Type.Boolean()),
  stretch: Type.Optional(Whole),
});
/** Where the video of a session stands. */
export type VideoChunkerState = Static<typeof VideoChunkerState>;

/**
 * Where the audio of a session stands. `taken`: packets that chunks were made of or will be; `filler`: the one byte of
 * the empty Opus packet that gaps are filled with; `joins`: the next packet begins an epoch and follows where the track ended.
 */
export const AudioChunkerState = Type.Object({
  clock: TrackClockState,
  taken: Whole,
  nextGroup: Signed,
  filler: Type.Union([Type.Null(), Type.Integer({ minimum: 0, maximum: 255 })]),
  joins: Type.Optional(Type.Boolean()),
});
/** Where the audio of a session stands. */
export type AudioChunkerState = Static<typeof AudioChunkerState>;

/** Where a packager stands between two samples: plain data, for another process to go on from. */
export const PackagerState = Type.Object({
  nextEpoch: Whole,
  sequence: Whole,
  /** Milliseconds. */
  startAt: Type.Number(),
  offset: Type.Number(),
  position: Type.Number(),
  /** Where the tracks of the session before ended, milliseconds. */
  ends: Type.Optional(
    Type.Object({ video: Type.Optional(Type.Number()), audio: Type.Optional(Type.Number()) }),
  ),
  video: Type.Optional(VideoChunkerState),
  audio: Type.Optional(AudioChunkerState),
});
/** Where a packager stands between two samples. */
export type PackagerState = Static<typeof PackagerState>;

/** What chunks were made of in a session so far: frames of video, packets of audio. */
export const MadeMedia = Type.Object({ frames: Whole, packets: Whole });
/** What chunks were made of in a session so far. */
export type MadeMedia = Static<typeof MadeMedia>;

/** All that came before this state was made into chunks, going by what was made since: nothing held then is missing. */
export function isMade({ video, audio }: PackagerState, made: MadeMedia): boolean {
  const frames = video ? video.written + (video.held ? 1 : 0) : 0;
  return made.frames >= frames && made.packets >= (audio?.taken ?? 0);
}
