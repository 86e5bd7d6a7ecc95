import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FrameRelay } from './frame-relay.ts';

const open: Set<FakeFrame> = new Set();

const RGB: VideoColorSpaceInit = {
  matrix: 'rgb',
  primaries: 'bt709',
  transfer: 'iec61966-2-1',
  fullRange: true,
};
const YUV: VideoColorSpaceInit = { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709', fullRange: false };

interface FakeSource {
  readonly width: number;
  readonly height: number;
  readonly picture?: unknown;
  readonly real?: { width: number; height: number } | undefined;
  readonly colour?: VideoColorSpaceInit | undefined;
}

interface FakeInit {
  readonly timestamp: number;
  readonly codedWidth?: number;
  readonly codedHeight?: number;
  readonly colorSpace?: VideoColorSpaceInit;
}

/** A VideoFrame that can be seen to be closed. */
class FakeFrame {
  readonly displayWidth: number;
  readonly displayHeight: number;
  /** What is really there of the picture, which may be more than it is to be shown at. */
  readonly visibleRect: { width: number; height: number };
  readonly colorSpace: VideoColorSpaceInit & { toJSON(): VideoColorSpaceInit };
  readonly timestamp: number;
  /** What was drawn into it, for one made of a canvas. */
  readonly picture: unknown;

  constructor(source: FakeSource | Uint8Array, init: FakeInit) {
    const { width, height, real, picture, colour } =
      source instanceof Uint8Array
        ? {
            width: init.codedWidth ?? 0,
            height: init.codedHeight ?? 0,
            picture: 'converted',
            real: undefined,
            colour: init.colorSpace,
          }
        : source;
    this.displayWidth = width;
    this.displayHeight = height;
    this.visibleRect = real ?? { width, height };
    this.colorSpace = { ...(colour ?? RGB), toJSON: () => colour ?? RGB };
    this.timestamp = init.timestamp;
    this.picture = picture;
    open.add(this);
  }

  clone(): FakeFrame {
    const { displayWidth: width, displayHeight: height, timestamp, picture, visibleRect: real } = this;
    return new FakeFrame({ width, height, picture, real, colour: this.colorSpace.toJSON() }, { timestamp });
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
    getImageData: (_x: number, _y: number, width: number, height: number) => ({
      data: new Uint8ClampedArray(width * height * 4),
      width,
      height,
    }),
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
      give: async (picture: string, width = 640, height = 360, real = { width, height }, colour = RGB) => {
        controller?.enqueue(new FakeFrame({ width, height, picture, real, colour }, { timestamp: 7 }));
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

  it('draws frames that are larger than they say', async () => {
    const camera = source(start());
    await camera.give('large', 640, 360, { width: 1280, height: 720 });
    expect(written[0]).toMatchObject({ displayWidth: 640, visibleRect: { width: 640, height: 360 } });
    expect(written[0]?.picture).toEqual({ of: 'large', at: [0, 0, 640, 360] });
  });

  it('keeps the colour space of the first frame, whatever comes later', async () => {
    const relay = start();
    const size = { width: 640, height: 360 };
    await source(relay).give('camera', 640, 360, size, YUV);
    await source(relay).give('screen', 640, 360, size, RGB);
    await source(relay).give('camera', 640, 360, size, YUV);
    relay.take({ type: 'mark' });
    await settle();
    expect(pictures()).toEqual(['camera', 'converted', 'camera', 'converted']);
    expect(written.map(({ colorSpace }) => colorSpace.matrix)).toEqual(['bt709', 'bt709', 'bt709', 'bt709']);
  });

  it('puts a mark off until the first frame of a source is there', async () => {
    const relay = start();
    const camera = source(relay);
    relay.take({ type: 'mark' });
    await settle();
    expect(reports.length).toBe(0);
    await camera.give('first');
    expect(reports.length).toBe(1);
    expect(pictures()).toEqual([{ of: 'first', at: [0, 0, 640, 360] }]);
  });

  it('marks black when a source brings no frame', async () => {
    const relay = start();
    source(relay);
    relay.take({ type: 'mark' });
    vi.advanceTimersByTime(600);
    await settle();
    expect(reports.length).toBe(1);
    expect(pictures()[0]).toBe('black');
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
