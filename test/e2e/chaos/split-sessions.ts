import type { CapturedMedia } from './frame-proof.ts';

/**
 * Takes a recording of several publisher sessions apart, to hold each against what was captured in it. All but the first
 * must be whole: they are counted from the end.
 */
export function splitSessions(recording: CapturedMedia, captured: readonly CapturedMedia[]): CapturedMedia[] {
  const [, second, ...more] = captured;
  if (!second) return [recording];
  const later = [second, ...more];
  const count = (of: (session: CapturedMedia) => number) => later.reduce((sum, each) => sum + of(each), 0);
  const frames = recording.media.frames.length - count(({ media }) => media.frames.length);
  const sound = recording.sound.length - count((each) => each.sound.length);
  const seam = recording.media.frames[frames]?.time ?? Infinity;
  const part = (from: boolean): CapturedMedia => ({
    media: {
      ...recording.media,
      frames: from ? recording.media.frames.slice(frames) : recording.media.frames.slice(0, frames),
      tones: recording.media.tones.filter(({ time }) => time >= seam === from),
    },
    sound: from ? recording.sound.slice(sound) : recording.sound.slice(0, sound),
  });
  return [part(false), ...splitSessions(part(true), later)];
}
