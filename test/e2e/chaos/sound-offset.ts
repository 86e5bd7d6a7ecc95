import { COUNTED_TONES } from '../support/test-camera.ts';
import type { DecodedFrame, DecodedMedia } from './decode-media.ts';

/** Pictures within this of a tone say when it should be heard, in ms. */
const NEAR = 1000;
/** Of the wall clock in a stamp. */
const STAMP_PERIOD = 2 ** 28;

/** How far the sound is from the picture at one counted tone. */
export interface SoundOffset {
  /** When the tone began, on the wall clock of the camera and the microphone; which tone it is. */
  readonly wall: number;
  /** When it is heard, in ms. */
  readonly time: number;
  /** How much later than the pictures of that moment, in ms. */
  readonly offset: number;
}

/** Measures how far the sound is from the picture at every counted tone, by what both say of the wall clock. */
export function measureSoundOffsets({ frames, tones }: DecodedMedia, now = Date.now()): SoundOffset[] {
  const round = COUNTED_TONES.length * COUNTED_TONES.count;
  let first = 0;
  return tones.flatMap(({ index, time }) => {
    while ((frames[first]?.time ?? time) < time - NEAR) first += 1;
    const lag = lagOfPictures(frames, first, time, now);
    if (lag === undefined) return [];
    // Which of all the times that this tone was played is the nearest one.
    const played = index * COUNTED_TONES.length;
    const wall = played + Math.round((time - lag - played) / round) * round;
    return [{ wall, time, offset: time - lag - wall }];
  });
}

/** The median of how much later than on the wall clock the pictures around a time are; undefined where there are none. */
function lagOfPictures(frames: readonly DecodedFrame[], first: number, time: number, now: number) {
  const lags: number[] = [];
  for (let index = first; (frames[index]?.time ?? Infinity) <= time + NEAR; index += 1) {
    const frame = frames[index];
    if (frame?.stamp) lags.push(frame.time - wallOf(frame.stamp.time, now));
  }
  return lags.sort((a, b) => a - b)[lags.length >> 1];
}

/** The newest moment before `now` that a stamp can mean. */
function wallOf(stamp: number, now: number): number {
  return now - ((((now - stamp) % STAMP_PERIOD) + STAMP_PERIOD) % STAMP_PERIOD);
}
