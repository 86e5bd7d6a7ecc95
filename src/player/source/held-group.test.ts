import { beforeEach, describe, expect, it } from 'vitest';
import { writeChunk } from '../../media/mp4/cmaf-chunk.ts';
import { writeInit } from '../../media/mp4/cmaf-header.ts';
import { OPUS, VIDEO } from '../../media/mp4/synthetic-mp4.ts';
import { ticks } from '../../media/time.ts';
import { HeldGroup } from './held-group.ts';

const EPOCH = { epoch: 0, mime: 'video/mp4', tracks: [], init: new Uint8Array(writeInit([VIDEO, OPUS])) };
const [PICTURE, SOUND] = [1, 2];
const chunk = (trackId: number, keyframe: boolean, size = 4) =>
  new Uint8Array(
    writeChunk({ trackId, sequence: 1, decodeTime: ticks(0), keyframe, referenceTime: undefined }, [
      { duration: ticks(1), compositionOffset: ticks(0), data: new Uint8Array(size) },
    ]),
  );

let held: HeldGroup;
beforeEach(() => {
  held = new HeldGroup();
  held.start(EPOCH);
});

describe('a held group', () => {
  it('begins with a keyframe of the picture, and anew with the next', () => {
    held.add(chunk(PICTURE, false));
    held.add(chunk(SOUND, true));
    expect(held.messages).toEqual([]);
    const [key, sound, next] = [chunk(PICTURE, true), chunk(SOUND, true), chunk(PICTURE, false)];
    for (const message of [key, sound, next]) held.add(message);
    expect(held.messages).toEqual([key, sound, next]);
    const newer = chunk(PICTURE, true);
    held.add(newer);
    expect(held.messages).toEqual([newer]);
  });

  it('is let go of where something in it is damaged, or it grows beyond 16 MiB', () => {
    held.add(chunk(PICTURE, true));
    held.add(new Uint8Array([1, 2, 3]));
    expect(held.messages).toEqual([]);
    held.add(chunk(PICTURE, false));
    expect(held.messages).toEqual([]);
    held.add(chunk(PICTURE, true));
    for (let count = 0; count < 4; count += 1) held.add(chunk(PICTURE, false, 5 * 1024 * 1024));
    expect(held.messages).toEqual([]);
  });

  it('is of the newest epoch', () => {
    held.add(chunk(PICTURE, true));
    const next = { ...EPOCH, epoch: 1, init: new Uint8Array(writeInit([OPUS])) };
    held.start(next);
    expect([held.epoch, held.messages]).toEqual([next, []]);
    held.add(chunk(SOUND, true));
    expect(held.messages).toHaveLength(1);
    held.clear();
    expect([held.epoch, held.messages]).toEqual([undefined, []]);
  });
});
