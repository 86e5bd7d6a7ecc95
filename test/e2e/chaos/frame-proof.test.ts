import { describe, expect, it } from 'vitest';
import { COUNTED_TONES } from '../support/test-camera.ts';
import type { DecodedFrame, DecodedMedia } from './decode-media.ts';
import { type CapturedMedia, proveFrames } from './frame-proof.ts';
import { splitSessions } from './split-sessions.ts';
import { TONE_RATE, ToneReader } from './tone-reader.ts';

const FRAME = 1000 / 30;
/** The wall clock when the camera began: a moment when the first tone does, not long ago. */
const ROUND = COUNTED_TONES.length * COUNTED_TONES.count;
const BEGAN = (Math.floor(Date.now() / ROUND) - 10) * ROUND;

/** Ten seconds of what the test camera gives, its sound so much later than its picture. */
function capture(later = 0): CapturedMedia {
  const frames: DecodedFrame[] = Array.from({ length: 300 }, (_, frame) => ({
    stamp: { frame, time: (BEGAN + frame * FRAME) % 2 ** 28 },
    hash: `picture ${frame}`,
    time: frame * FRAME,
  }));
  const tones = Array.from({ length: 19 }, (_, index) => ({
    index: (index + 1) % COUNTED_TONES.count,
    time: (index + 1) * COUNTED_TONES.length + later,
  }));
  const media: DecodedMedia = { frames, tones, soundLength: 10_000, complaints: '' };
  return { media, sound: Array.from({ length: 167 }, (_, index) => `sound ${index}`) };
}

/** The same with other frames. */
const withFrames = (captured: CapturedMedia, frames: readonly DecodedFrame[]): CapturedMedia => ({
  ...captured,
  media: { ...captured.media, frames },
});

describe('the frame proof', () => {
  it('holds where everything that was captured is there once and in order', () => {
    const proof = proveFrames(capture(), capture());
    expect(proof.faults).toEqual([]);
    expect(proof).toMatchObject({ framesExpected: 300, framesFound: 300, tonesFound: 19 });
  });

  it('names frames that are missing', () => {
    const all = capture();
    const without = withFrames(all, all.media.frames.toSpliced(100, 2));
    expect(proveFrames(without, all)).toMatchObject({ missing: [100, 101], framesFound: 298 });
    expect(proveFrames(without, all).faults).toContain('2 frames are missing: 100, 101');
  });

  it('names frames that are there twice', () => {
    const all = capture();
    const again = all.media.frames.slice(50, 53);
    const proof = proveFrames(withFrames(all, all.media.frames.toSpliced(53, 0, ...again)), all);
    expect(proof).toMatchObject({ doubled: [50, 51, 52], missing: [], disordered: 1 });
    expect(proof.faults.length).toBeGreaterThan(0);
  });

  it('does not mind a picture that the camera itself gave twice', () => {
    const all = capture();
    const twice = withFrames(all, all.media.frames.toSpliced(53, 0, ...all.media.frames.slice(52, 53)));
    expect(proveFrames(twice, twice).faults).toEqual([]);
    expect(proveFrames(all, twice).missing).toEqual([52]);
  });

  it('finds frames in another order, and pictures that are not what was captured', () => {
    const all = capture();
    const { frames } = all.media;
    const [tenth, eleventh] = frames.slice(10, 12) as [DecodedFrame, DecodedFrame];
    expect(proveFrames(withFrames(all, frames.toSpliced(10, 2, eleventh, tenth)), all).disordered).toBe(1);
    const damaged = withFrames(all, frames.with(10, { ...tenth, hash: 'damaged' }));
    expect(proveFrames(damaged, all).faults).toEqual(['1 frames are not what was captured']);
  });

  it('finds sound that is lost, and a decoder that complains', () => {
    const all = capture();
    const silent = { ...all, sound: all.sound.toSpliced(7, 1) };
    expect(proveFrames(silent, all).faults).toEqual(['the sound differs: 166 of 167 packets']);
    const broken = { ...all, media: { ...all.media, complaints: 'error while decoding' } };
    expect(proveFrames(broken, all).faults).toEqual(['the decoder complains: error while decoding']);
  });

  it('finds sound that is moved against the picture, beside what the browser captured', () => {
    expect(proveFrames(capture(100), capture(90)).faults).toEqual([]);
    expect(proveFrames(capture(100), capture(90))).toMatchObject({ capturedSync: 90, worstSync: 10 });
    expect(proveFrames(capture(40), capture(90)).faults).toEqual(['sound and picture are -50 ms apart']);
  });

  it('lets a tab that crashed take its last second along, and no more', () => {
    const all = capture();
    const cutAt = (count: number) => withFrames(all, all.media.frames.slice(0, count));
    expect(proveFrames(cutAt(270), all, { crashed: true })).toMatchObject({ tail: 29, faults: [] });
    expect(proveFrames(cutAt(250), all, { crashed: true }).faults).toEqual([
      'the crash took 49 frames along',
    ]);
    expect(proveFrames(cutAt(299), all).faults).toEqual(['1 frames are missing: 299']);
  });
});

describe('a recording of two sessions', () => {
  it('is taken apart where the second one begins, whatever the first one lost in a crash', () => {
    const first = capture();
    const second = capture();
    const LENGTH = 9000;
    const frames = [
      ...first.media.frames.slice(0, 270),
      ...second.media.frames.map((frame) => ({ ...frame, time: frame.time + LENGTH })),
    ];
    const tones = [
      ...first.media.tones.filter(({ time }) => time < LENGTH),
      ...second.media.tones.map((tone) => ({ ...tone, time: tone.time + LENGTH })),
    ];
    const sound = [...first.sound.slice(0, 150), ...second.sound];
    const parts = splitSessions({ media: { ...first.media, frames, tones }, sound }, [first, second]);
    expect(parts.length).toBe(2);
    const [before = first, after = second] = parts;
    expect(proveFrames(before, first, { crashed: true })).toMatchObject({ tail: 29, faults: [] });
    expect(proveFrames(after, second)).toMatchObject({ framesFound: 300, tonesFound: 19, faults: [] });
    const [short = first] = splitSessions({ media: { ...first.media, frames: frames.slice(2) }, sound }, [
      first,
      second,
    ]);
    expect(proveFrames(short, first, { crashed: true }).missing.slice(0, 2)).toEqual([0, 1]);
  });
});

describe('the tone reader', () => {
  /** Sound of the counted tones from the first on, in packets of 60 ms; those of a stretch are lost. */
  function hear(lost: readonly [number, number] = [0, 0]): ToneReader {
    const reader = new ToneReader();
    let phase = 0;
    for (let packet = 0; packet < 100; packet += 1) {
      const samples = new Int16Array(TONE_RATE * 0.06);
      const start = packet * 60;
      for (let at = 0; at < samples.length; at += 1) {
        const index =
          Math.floor((start + (at / TONE_RATE) * 1000) / COUNTED_TONES.length) % COUNTED_TONES.count;
        phase += (2 * Math.PI * (COUNTED_TONES.lowest + index * COUNTED_TONES.step)) / TONE_RATE;
        samples[at] = 6000 * Math.sin(phase);
      }
      if (start < lost[0] || start >= lost[1]) reader.read(samples, start);
    }
    return reader;
  }

  it('finds where each tone begins', () => {
    const { tones } = hear();
    expect(tones.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    for (const { index, time } of tones)
      expect(Math.abs(time - index * COUNTED_TONES.length)).toBeLessThan(6);
  });

  it('leaves out a tone that begins where sound is lost', () => {
    expect(hear([1900, 2200]).tones.map(({ index }) => index)).toEqual([1, 2, 3, 5, 6, 7, 8, 9, 10, 11]);
  });
});
