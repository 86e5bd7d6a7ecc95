import { beforeEach, describe, expect, it } from 'vitest';
import { bytes } from '../../media/time.ts';
import { AppendQueue, type AppendTarget } from './append-queue.ts';

/** A SourceBuffer that holds one second for each byte of media, has so much room, and fails when told. */
class FakeSourceBuffer extends EventTarget {
  updating = false;
  held: number[] = [];
  calls: string[] = [];
  room = Number.POSITIVE_INFINITY;
  broken = false;

  get buffered(): TimeRanges {
    const first = this.held[0] ?? 0;
    return {
      length: this.held.length > 0 ? 1 : 0,
      start: () => first,
      end: () => (this.held.at(-1) ?? 0) + 1,
    };
  }
  appendBuffer(data: Uint8Array): void {
    if (this.broken) throw new DOMException('removed', 'InvalidStateError');
    const media = [...data].filter((value) => value < 200);
    if (this.held.length + media.length > this.room) throw new DOMException('full', 'QuotaExceededError');
    this.held.push(...media);
    this.#work(`append ${[...data].join()}`);
  }
  remove(start: number, end: number): void {
    this.held = this.held.filter((at) => at < start || at >= end);
    this.#work(`remove ${start}-${end}`);
  }
  changeType(mime: string): void {
    this.calls.push(`changeType ${mime}`);
  }
  finish(): void {
    this.updating = false;
    this.dispatchEvent(new Event('updateend'));
  }
  finishAll(): void {
    while (this.updating) this.finish();
  }
  #work(call: string): void {
    this.calls.push(call);
    this.updating = true;
  }
}

const INIT = new Uint8Array([255]);
let target: FakeSourceBuffer;
let queue: AppendQueue;
let position: number;
let skipped: number;
let failures: number;
let changes: number;

const open = (maxBytes = 1000, awaitsGroup = false) => {
  queue = new AppendQueue(
    {
      maxBytes: bytes(maxBytes),
      position: () => position,
      events: {
        changed: () => {
          changes += 1;
        },
        skipped: (chunks) => {
          skipped += chunks;
        },
        failed: () => {
          failures += 1;
        },
      },
    },
    awaitsGroup,
  );
};
const attach = () => queue.attach(target as unknown as AppendTarget);
const push = (at: number, startsGroup = false) => queue.push({ bytes: new Uint8Array([at]) }, startsGroup);

beforeEach(() => {
  target = new FakeSourceBuffer();
  position = 0;
  skipped = 0;
  failures = 0;
  changes = 0;
  open();
});

describe('an append queue', () => {
  it('keeps what comes before there is a buffer, init segment first', () => {
    queue.init(INIT);
    push(0, true);
    push(1);
    expect(queue.queuedBytes).toBe(2);
    attach();
    target.finishAll();
    expect(target.calls).toEqual(['append 255', 'append 0,1']);
    expect(queue.isIdle).toBe(true);
  });

  it('appends together what waited together, one operation at a time', () => {
    attach();
    queue.init(INIT);
    for (const at of [0, 1, 2]) push(at, at === 0);
    expect(target.calls).toEqual(['append 255']);
    target.finish();
    expect(target.calls).toEqual(['append 255', 'append 0,1,2']);
    target.finish();
    expect(changes).toBe(2);
  });

  it('changes the type before another codec, after the media of the one before', () => {
    attach();
    push(0, true);
    push(1);
    queue.init(INIT, 'video/mp4; codecs="vp09"');
    push(2, true);
    target.finishAll();
    expect(target.calls).toEqual([
      'append 0',
      'append 1',
      'changeType video/mp4; codecs="vp09"',
      'append 255',
      'append 2',
    ]);
  });

  it('waits for a group when it is told to', () => {
    open(1000, true);
    attach();
    push(0);
    push(1, true);
    push(2);
    queue.awaitGroup();
    push(3);
    push(4, true);
    target.finishAll();
    expect(target.held).toEqual([1, 2, 4]);
    expect(skipped).toBe(2);
  });

  it('drops to the newest group at its bound, and keeps the init segment', () => {
    open(4);
    queue.init(INIT);
    for (const at of [0, 1, 2, 3, 4]) push(at, at % 3 === 0);
    attach();
    target.finishAll();
    expect(target.calls).toEqual(['append 255', 'append 3,4']);
    expect(skipped).toBe(3);
  });

  it('drops even a group that alone is beyond the bound, and goes on at the next', () => {
    open(3);
    for (const at of [0, 1, 2, 3, 4]) push(at, at === 0);
    expect(queue.queuedBytes).toBe(0);
    push(5, true);
    attach();
    target.finishAll();
    expect(target.held).toEqual([5]);
    expect(skipped).toBe(5);
  });

  it('frees what was played when there is no room, and tries again', () => {
    attach();
    for (const at of [0, 1, 2, 3]) push(at, at === 0);
    target.finishAll();
    target.room = 4;
    position = 3;
    push(4);
    target.finishAll();
    expect(target.calls.slice(-2)).toEqual(['remove 0-2', 'append 4']);
    expect(target.held).toEqual([2, 3, 4]);
    expect(skipped).toBe(0);
  });

  it('frees everything when that is not enough, and goes on at the newest group', () => {
    attach();
    push(0, true);
    target.finishAll();
    target.room = 2;
    push(1);
    for (const at of [2, 3, 4]) push(at, at === 3);
    target.finishAll();
    expect(target.held).toEqual([3, 4]);
    expect(skipped).toBe(1);
    expect(failures).toBe(0);
  });

  it('leaves out what never fits, and plays the next group', () => {
    attach();
    target.room = 1;
    queue.init(INIT);
    push(0, true);
    push(1);
    target.finishAll();
    expect(target.held).toEqual([]);
    push(2);
    push(3, true);
    target.finishAll();
    expect(target.held).toEqual([3]);
    expect(skipped).toBe(3);
  });

  it('trims only what is there, once at a time', () => {
    attach();
    queue.trim(5);
    expect(target.calls).toEqual([]);
    for (const at of [0, 1, 2]) push(at, at === 0);
    target.finishAll();
    queue.trim(0);
    queue.trim(2);
    queue.trim(2);
    target.finishAll();
    expect(target.calls.filter((call) => call.startsWith('remove'))).toEqual(['remove 0-2']);
  });

  it.each([
    ['says so in an event', () => target.dispatchEvent(new Event('error'))],
    [
      'throws',
      () => {
        target.broken = true;
        push(1);
      },
    ],
  ])('tells once when its buffer %s, and is dead', (_, fail) => {
    attach();
    push(0, true);
    target.finishAll();
    fail();
    target.dispatchEvent(new Event('error'));
    push(2, true);
    expect(failures).toBe(1);
    expect(target.held).toEqual([0]);
  });
});
