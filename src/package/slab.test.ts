import { describe, expect, it } from 'vitest';
import { Slab } from './slab.ts';

describe('a slab', () => {
  it('gives every piece bytes of its own, all zero', () => {
    const slab = new Slab();
    const sizes = [1, 10_000, 0, 32_768, 40_000, 9999, 30_000, 32_768, 32_767, 500_000, 3];
    const pieces = sizes.map((size, index) => ({ index: index + 1, piece: slab.cut(size) }));
    expect(pieces.map(({ piece }) => piece.length)).toEqual(sizes);
    expect(pieces.every(({ piece }) => piece.every((byte) => byte === 0))).toBe(true);
    for (const { index, piece } of pieces) piece.fill(index);
    expect(pieces.every(({ index, piece }) => piece.every((byte) => byte === index))).toBe(true);
  });

  it('cuts small pieces from the same memory, and large ones from none', () => {
    const slab = new Slab();
    const [first, second, large] = [slab.cut(100), slab.cut(100), slab.cut(100_000)];
    expect(second.buffer).toBe(first.buffer);
    expect(second.byteOffset).toBe(100);
    expect(large.buffer.byteLength).toBe(100_000);
  });
});
