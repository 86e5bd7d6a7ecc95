import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../channel/manual-clock.ts';
import { milliseconds } from '../media/time.ts';
import { StorageError } from './storage-error.ts';
import { SyncBatch, type SyncedFile } from './sync-batch.ts';

/** A file whose sync ends when it is told to. */
class SlowFile implements SyncedFile {
  syncs = 0;
  #done = Promise.withResolvers<void>();

  sync(): Promise<void> {
    this.syncs += 1;
    this.#done = Promise.withResolvers();
    return this.#done.promise;
  }

  async end(error?: Error): Promise<void> {
    if (error) this.#done.reject(error);
    else this.#done.resolve();
    await turn();
  }
}

function open() {
  const clock = new ManualClock();
  const seen: (string | [number, number])[] = [];
  const batch = new SyncBatch({
    clock,
    interval: milliseconds(500),
    observer: {
      synced: (latency, age) => seen.push([latency, age]),
      failed: () => seen.push('failed'),
    },
  });
  const files = Array.from({ length: 5 }, () => new SlowFile());
  const [a, b, c, d, e] = files as [SlowFile, SlowFile, SlowFile, SlowFile, SlowFile];
  return { clock, seen, batch, files: [a, b, c, d, e] as const };
}

describe('a sync batch', () => {
  it('syncs after a pause at once, but not within the call', () => {
    const { batch, clock, files } = open();
    batch.add(files[0]);
    batch.add(files[1]);
    expect([files[0].syncs, files[1].syncs]).toEqual([0, 0]);
    clock.advance(0);
    expect([files[0].syncs, files[1].syncs]).toEqual([1, 1]);
  });

  it('begins one batch in an interval, counted from start to start', async () => {
    const { batch, clock, files } = open();
    batch.add(files[0]);
    clock.advance(0);
    clock.advance(200);
    await files[0].end();
    batch.add(files[0]);
    clock.advance(299);
    expect(files[0].syncs).toBe(1);
    clock.advance(1);
    expect(files[0].syncs).toBe(2);
  });

  it('never runs two batches at once, however long one takes', async () => {
    const { batch, clock, files } = open();
    batch.add(files[0]);
    clock.advance(0);
    batch.add(files[1]);
    clock.advance(2000);
    expect(files[1].syncs).toBe(0);
    await files[0].end();
    clock.advance(0);
    expect(files[1].syncs).toBe(1);
  });

  it('syncs two files at a time', async () => {
    const { batch, clock, files } = open();
    for (const file of files) batch.add(file);
    clock.advance(0);
    expect(files.map(({ syncs }) => syncs)).toEqual([1, 1, 0, 0, 0]);
    await files[1].end();
    expect(files.map(({ syncs }) => syncs)).toEqual([1, 1, 1, 0, 0]);
    await files[0].end();
    expect(files.map(({ syncs }) => syncs)).toEqual([1, 1, 1, 1, 0]);
  });

  it('leaves out what another sync took care of', async () => {
    const { batch, clock, files } = open();
    for (const file of files) batch.add(file);
    clock.advance(0);
    batch.remove(files[2]);
    await files[0].end();
    expect(files.map(({ syncs }) => syncs)).toEqual([1, 1, 0, 1, 0]);
  });

  it('has no timer while there is nothing to sync', async () => {
    const { batch, clock, files } = open();
    expect(clock.pending).toBe(0);
    batch.add(files[0]);
    clock.advance(0);
    await files[0].end();
    expect(clock.pending).toBe(0);
    batch.add(files[0]);
    batch.remove(files[0]);
    expect(clock.pending).toBe(0);
  });

  it('tells how long a file took from the start of its batch, and how old its oldest byte was', async () => {
    const { batch, clock, seen, files } = open();
    batch.add(files[0]);
    clock.advance(0);
    clock.advance(30);
    await files[0].end();
    clock.advance(70);
    batch.add(files[1]);
    clock.advance(400);
    clock.advance(5);
    await files[1].end();
    expect(seen).toEqual([
      [30, 30],
      [5, 405],
    ]);
  });

  it('goes on when a file failed', async () => {
    const { batch, clock, seen, files } = open();
    for (const file of files.slice(0, 3)) batch.add(file);
    clock.advance(0);
    await files[0].end(new StorageError('a', new Error('EIO')));
    expect(files[2].syncs).toBe(1);
    await files[1].end();
    await files[2].end();
    expect(seen).toHaveLength(2);
    batch.add(files[1]);
    clock.advance(500);
    expect(files[1].syncs).toBe(2);
  });

  it('closes when the batch that runs is done, and begins no other', async () => {
    const { batch, clock, files } = open();
    batch.add(files[0]);
    clock.advance(0);
    batch.add(files[1]);
    let isClosed = false;
    const closed = Promise.all([batch.close(), batch.close()]).then(() => {
      isClosed = true;
    });
    await turn();
    expect(isClosed).toBe(false);
    await files[0].end();
    await closed;
    batch.add(files[2]);
    clock.advance(10_000);
    expect(files.map(({ syncs }) => syncs)).toEqual([1, 0, 0, 0, 0]);
    expect(clock.pending).toBe(0);
  });
});
