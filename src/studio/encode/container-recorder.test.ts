import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ContainerRecorder } from './container-recorder.ts';
import { DEFAULT_QUALITY } from './quality.ts';

/** MediaRecorder without an encoder: the test hands out the pieces. */
class FakeMediaRecorder extends EventTarget {
  static last: FakeMediaRecorder | undefined;
  state = 'inactive';
  slice: number | undefined;
  readonly options: MediaRecorderOptions;

  constructor(_stream: MediaStream, options: MediaRecorderOptions) {
    super();
    this.options = options;
    FakeMediaRecorder.last = this;
  }

  start(slice: number): void {
    this.state = 'recording';
    this.slice = slice;
  }

  stop(): void {
    this.state = 'inactive';
    queueMicrotask(() => {
      this.give('last');
      this.dispatchEvent(new Event('stop'));
    });
  }

  give(text: string, delay = 0): void {
    const blob = new Blob([text]);
    const read = blob.arrayBuffer.bind(blob);
    blob.arrayBuffer = async () => {
      for (let turn = 0; turn < delay; turn++) await Promise.resolve();
      return await read();
    };
    this.dispatchEvent(Object.assign(new Event('dataavailable'), { data: blob }));
  }
}

function record() {
  const pieces: string[] = [];
  const { promise: failed, resolve } = Promise.withResolvers<void>();
  const recorder = new ContainerRecorder({
    stream: {} as MediaStream,
    mimeType: 'video/webm;codecs=h264,opus',
    quality: DEFAULT_QUALITY,
    onPiece: (piece) => pieces.push(new TextDecoder().decode(piece)),
    onFailure: () => {
      pieces.push('failure');
      resolve();
    },
  });
  recorder.start();
  const fake = FakeMediaRecorder.last;
  if (!fake) throw new Error('No recorder was made');
  return { recorder, fake, pieces, failed };
}

describe('ContainerRecorder', () => {
  beforeEach(() => vi.stubGlobal('MediaRecorder', FakeMediaRecorder));
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('asks for low delay: 100 ms slices, a keyframe every second', () => {
    const { fake } = record();
    expect(fake.slice).toBe(100);
    expect(fake.options).toMatchObject({
      videoKeyFrameIntervalDuration: 1000,
      videoBitsPerSecond: 2_500_000,
    });
  });

  it('hands the pieces out in order, however long each takes to read', async () => {
    const { recorder, fake, pieces } = record();
    fake.give('slow', 50);
    fake.give('quick');
    fake.give('');
    await recorder.stop();
    expect(pieces).toEqual(['slow', 'quick', 'last']);
  });

  it('has handed out the last piece when it has stopped', async () => {
    const { recorder, pieces } = record();
    await recorder.stop();
    expect(pieces).toEqual(['last']);
  });

  it('says when it ended by itself, after the last piece', async () => {
    const { fake, pieces, failed } = record();
    fake.stop();
    await failed;
    expect(pieces).toEqual(['last', 'failure']);
  });

  it('waits for the last piece also when it is stopped while it ends by itself', async () => {
    const { recorder, fake, pieces } = record();
    fake.stop();
    await recorder.stop();
    expect(pieces).toEqual(['last']);
  });

  it('stops at once when it never started', async () => {
    const { pieces } = record();
    await new ContainerRecorder({
      stream: {} as MediaStream,
      mimeType: 'video/webm',
      quality: DEFAULT_QUALITY,
      onPiece: () => pieces.push('piece'),
      onFailure: () => pieces.push('failure'),
    }).stop();
    expect(pieces).toEqual([]);
  });
});
