import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PieceQueue } from './piece-queue.ts';

describe('PieceQueue', () => {
  it('gives back the bytes in order, however they come and go', () => {
    const operations = fc.array(
      fc.oneof(
        fc.record({ push: fc.integer({ min: 0, max: 1500 }) }),
        fc.record({ take: fc.integer({ min: 0, max: 3000 }) }),
        fc.record({ skip: fc.integer({ min: 0, max: 3000 }) }),
      ),
    );
    fc.assert(
      fc.property(operations, (all) => {
        const queue = new PieceQueue();
        const taken: { view: Uint8Array; copy: Uint8Array }[] = [];
        let pushed = 0;
        let used = 0;
        const expected = (count: number) =>
          Uint8Array.from({ length: count }, (_, index) => (used + index) & 0xff);
        for (const operation of all) {
          if ('push' in operation) {
            queue.push(Uint8Array.from({ length: operation.push }, () => pushed++ & 0xff));
          } else if ('take' in operation) {
            const count = Math.min(operation.take, queue.length);
            const view = queue.take(count);
            expect(view).toEqual(expected(count));
            taken.push({ view, copy: new Uint8Array(view) });
            used += count;
          } else used += queue.skip(operation.skip);
          expect(queue.length).toBe(pushed - used);
          if (queue.length > 0) expect(queue.peek(queue.length - 1)).toBe((pushed - 1) & 0xff);
        }
        for (const { view, copy } of taken) expect(view).toEqual(copy);
      }),
    );
  });

  it('takes views where the bytes lie in one piece', () => {
    const queue = new PieceQueue();
    const piece = Uint8Array.of(1, 2, 3, 4);
    queue.push(piece);
    expect(queue.take(2).buffer).toBe(piece.buffer);
    expect(queue.take(2).buffer).toBe(piece.buffer);
  });

  it('gives out plain Uint8Arrays for Node Buffers', () => {
    const queue = new PieceQueue();
    queue.push(Buffer.from([1, 2]));
    expect(Buffer.isBuffer(queue.take(1))).toBe(false);
  });

  it('gathers bytes that come one by one into few buffers', () => {
    const queue = new PieceQueue();
    const buffers = new Set<ArrayBufferLike>();
    for (let index = 0; index < 10_000; index++) queue.push(Uint8Array.of(index));
    while (queue.length > 1) buffers.add(queue.take(1).buffer);
    expect(buffers.size).toBeLessThan(10);
  });
});
