import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FrameRelay } from './frame-relay.ts';

const open: Set<FakeFrame> = new Set();

/** A VideoFrame that can be seen to be closed. */
class FakeFrame {
  readonly displayWidth: number;
  readonly displayHeight: number;
  readonly timestamp: number;
  /** What was drawn into it, for one made of a canvas. */
  readonly picture: unknown;

  constructor(source: { width: number; height: number; picture?: unknown }, init: { timestamp: number }) {
    this.displayWidth = source.width;
    this.displayHeight = source.height;
    this.timestamp = init.timestamp;
    this.picture = source.picture;
    open.add(this);
  }

  clone(): FakeFrame {
    const { displayWidth: width, displayHeight: height, timestamp, picture } = this;
    return new FakeFrame({ width, height, picture }, { timestamp });
  }

  close(): void {
    open.delete(this);
  }
}

class FakeCanvas {
  readonly width: number;
  readonly height: number;
  picture: unknown = 'black';

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  getContext = () => ({
    fillRect: () => {
      this.picture = 'black';
    },
    drawImage: (frame: FakeFrame, x: number, y: number, width: number, height: number) => {
      this.picture = { of: frame.picture, at: [x, y, width, height] };
    },
  });
}

/** Lets the streams hand on what they hold. */
const settle = async () => {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
};

describe('FrameRelay', () => {
  const written: FakeFrame[] = [];
  const reports: number[] = [];

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'performance'] });
    vi.stubGlobal('VideoFrame', FakeFrame);
    vi.stubGlobal('OffscreenCanvas', FakeCanvas);
    open.clear();
    written.length = 0;
    reports.length = 0;
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  function start() {
    const relay = new FrameRelay(({ markedAt }) => reports.push(markedAt));
    const sink = new WritableStream<FakeFrame>({
      write: (frame) => {
        written.push(frame);
        frame.close();
      },
    });
    relay.take({
      type: 'open',
      sink: sink as unknown as WritableStream<VideoFrame>,
      width: 640,
      height: 360,
    });
    return relay;
  }

  function source(relay: FrameRelay) {
    let controller: ReadableStreamDefaultController<FakeFrame> | undefined;
    let cancelled = false;
    const stream = new ReadableStream<FakeFrame>({
      start: (it) => {
        controller = it;
      },
      cancel: () => {
        cancelled = true;
      },
    });
    relay.take({ type: 'source', source: stream as unknown as ReadableStream<VideoFrame> });
    return {
      give: async (picture: string, width = 640, height = 360) => {
        controller?.enqueue(new FakeFrame({ width, height, picture }, { timestamp: 7 }));
        await settle();
      },
      end: async () => {
        controller?.close();
        await settle();
      },
      get cancelled() {
        return cancelled;
      },
    };
  }

  const pictures = () => written.map(({ picture }) => picture);

  it('hands frames of the right size on, untouched', async () => {
    const camera = source(start());
    await camera.give('a');
    await camera.give('b');
    expect(pictures()).toEqual(['a', 'b']);
    expect(written[0]?.timestamp).toBe(7);
  });

  it('fits frames of another size into the middle', async () => {
    const camera = source(start());
    await camera.give('wide', 1280, 360);
    expect(written[0]).toMatchObject({ displayWidth: 640, displayHeight: 360, timestamp: 7 });
    expect(written[0]?.picture).toEqual({ of: 'wide', at: [0, 90, 640, 180] });
  });

  it('follows the newest source alone', async () => {
    const relay = start();
    const camera = source(relay);
    await camera.give('camera');
    const screen = source(relay);
    await settle();
    expect(camera.cancelled).toBe(true);
    await screen.give('screen');
    expect(pictures()).toEqual(['camera', 'screen']);
  });

  it('is black without a source, and when one has ended', async () => {
    const relay = start();
    vi.advanceTimersByTime(100);
    await settle();
    expect(pictures()).toEqual(['black']);
    const camera = source(relay);
    await camera.give('a');
    await camera.end();
    vi.advanceTimersByTime(100);
    await settle();
    expect(pictures()).toEqual(['black', 'a', 'black']);
  });

  it('repeats the last picture of a screen on which nothing moves', async () => {
    const camera = source(start());
    await camera.give('still');
    vi.advanceTimersByTime(499);
    await settle();
    expect(written).toHaveLength(1);
    vi.advanceTimersByTime(101);
    await settle();
    expect(written[1]?.picture).toMatchObject({ of: 'still' });
    expect(written[1]?.timestamp).not.toBe(7);
  });

  it('writes a picture when it is asked to, and says when that was', async () => {
    const relay = start();
    await source(relay).give('a');
    relay.take({ type: 'mark' });
    await settle();
    expect(written[1]?.picture).toMatchObject({ of: 'a' });
    expect(reports).toHaveLength(1);
  });

  it('leaves no frame open but the one that it may have to repeat', async () => {
    const relay = start();
    const camera = source(relay);
    for (const picture of ['a', 'b', 'c']) await camera.give(picture, 1280, 720);
    expect(open.size).toBe(1);
    await camera.end();
    vi.advanceTimersByTime(100);
    await settle();
    expect(open.size).toBe(0);
  });
});
