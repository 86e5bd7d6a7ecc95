import { describe, expect, it } from 'vitest';
import { simulateStream } from '../../../test/contract/stream-rules/simulated-stream.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import type { Chunk, Epoch } from '../../media/chunk.ts';
import { readChunk } from '../../media/mp4/read-chunk.ts';
import { bytes, milliseconds } from '../../media/time.ts';
import { firstOfEpoch } from './hold-media.ts';
import { findMedia, parseMediaName } from './media-resource.ts';
import { Presentation } from './presentation.ts';
import { WaitingPlaces } from './waiting-list.ts';

const LIMITS = {
  ...{ segment: milliseconds(2000), part: milliseconds(200), window: milliseconds(16_000) },
  maxBytes: bytes(10_000_000),
};
const CLIENT = { destroyed: false, once: () => {}, off: () => {} };

/** Two sessions of so many seconds. */
function present(one: number, other: number): Presentation {
  const clock = new ManualClock();
  const broadcast = { id: 'b', channel: 'main', title: null, startedAt: milliseconds(0) };
  const presentation = new Presentation('p', broadcast, {
    ...{ clock, limits: LIMITS, places: new WaitingPlaces(10) },
  });
  const sink = {
    epoch: (epoch: Epoch) => presentation.epoch(epoch),
    chunk: (chunk: Chunk) => presentation.chunk(chunk),
  };
  const steady = { name: 'steady', frame: () => 40 };
  simulateStream(sink, [
    { ...steady, seconds: one },
    { ...steady, seconds: other, newSession: true },
  ]);
  return presentation;
}

async function hold(presentation: Presentation, track: 'video' | 'audio', name: string) {
  const shared = await findMedia(presentation, track, parseMediaName(name), CLIENT);
  const first = firstOfEpoch(presentation.track(track) ?? never(), 1)?.chunks[0];
  const [piece] = shared?.pieces ?? [];
  if (!first || !piece) throw new Error('there is nothing');
  return { shared, first, samples: readChunk({ ...first, bytes: piece }) };
}

function never(): never {
  throw new Error('no track');
}

describe('what leads to an epoch', () => {
  it('is its first picture for so long, at its place, or packets without sound', async () => {
    const presentation = present(10, 6);
    const picture = await hold(presentation, 'video', 'hold-1-1500.m4s');
    expect(picture.samples).toMatchObject([{ dts: picture.first.dts, duration: 1500 * 90, keyframe: true }]);
    expect(picture.samples[0]?.data).toEqual(readChunk(picture.first)[0]?.data);
    const sound = await hold(presentation, 'audio', 'hold-1-1507.m4s');
    expect(sound.samples.every(({ data }) => data.byteLength === 1)).toBe(true);
    expect(sound.samples.reduce((sum, { duration }) => sum + duration, 0)).toBe(1507 * 48);
    expect(sound.shared?.etag).toBe('"p-audio-h1.1507"');
    expect(sound.shared?.type).toBe('audio/mp4');
  });

  it('is not there for the first epoch, for other ones, for longer than it may be, nor when what it is made of is gone', async () => {
    const presentation = present(10, 6);
    const missing = { code: 'media-not-found' };
    for (const name of ['hold-0-1000.m4s', 'hold-2-1000.m4s', 'hold-1-4001.m4s'])
      await expect(findMedia(presentation, 'video', parseMediaName(name), CLIENT)).rejects.toMatchObject(
        missing,
      );
    for (const name of ['hold-1-.m4s', 'hold-1-100000.m4s', 'hold-1.m4s'])
      expect(() => parseMediaName(name)).toThrow('There are');
    const late = present(10, 120);
    const name = parseMediaName('hold-1-1000.m4s');
    await expect(findMedia(late, 'video', name, CLIENT)).rejects.toMatchObject(missing);
  });
});
