import { describe, expect, it } from 'vitest';
import { milliseconds, ticks } from '../time.ts';
import { childBoxes } from './box.ts';
import { PRFT_CAPTURED, readProducerReferenceTime } from './boxes/producer-reference-time.ts';
import { ByteReader } from './byte-reader.ts';
import { writeChunk } from './cmaf-chunk.ts';
import { moveChunk } from './move-chunk.ts';

const at = (decodeTime: number) =>
  writeChunk(
    {
      trackId: 1,
      sequence: 1,
      decodeTime: ticks(decodeTime),
      keyframe: true,
      referenceTime: {
        trackId: 1,
        wallClock: milliseconds(Date.UTC(2026, 0, 1)),
        mediaTime: ticks(decodeTime),
        flags: PRFT_CAPTURED,
      },
    },
    [{ duration: ticks(3000), compositionOffset: ticks(0), data: Uint8Array.of(1, 2, 3, 4) }],
  );

describe('a moved chunk', () => {
  it('is what would have been written for that time', () => {
    const [head, media] = moveChunk(at(2 ** 33 + 3000), ticks(2 ** 33));
    expect(Buffer.concat([head ?? [], media ?? []].map((part) => Uint8Array.from(part)))).toEqual(
      Buffer.from(at(3000)),
    );
  });

  it('leaves the chunk that it was made of as it is, and shares its media', () => {
    const chunk = at(9000);
    const [, media] = moveChunk(chunk, ticks(3000));
    expect(chunk).toEqual(at(9000));
    expect(media?.buffer).toBe(chunk.buffer);
  });

  it('does not come before 0', () => {
    const [head = new Uint8Array()] = moveChunk(at(1000), ticks(3000));
    const [prft] = childBoxes(new ByteReader(head, 'chunk'));
    expect(prft && readProducerReferenceTime(prft).mediaTime).toBe(0);
  });
});
