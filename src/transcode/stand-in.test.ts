import { beforeEach, describe, expect, it } from 'vitest';
import type { BroadcastTap } from '../channel/broadcast.ts';
import { DEFAULT_GROUP_BUFFER } from '../channel/hub.ts';
import type { Rendition } from '../channel/rendition.ts';
import type { Chunk, Epoch } from '../media/chunk.ts';
import { milliseconds, ticks, timescale } from '../media/time.ts';
import type { AudioTrack, VideoTrack } from '../media/track.ts';
import { StandIn } from './stand-in.ts';
import { TestBroadcast } from './test-broadcast.ts';

const VP8: VideoTrack = {
  ...{ kind: 'video', codec: 'vp8', codecString: 'vp08.00.21.08', timescale: timescale(1000) },
  ...{ configuration: Uint8Array.of(1, 0, 0, 0, 0, 21, 0x82, 2, 2, 2, 0, 0), width: 64, height: 48 },
};
const AVC: VideoTrack = {
  ...VP8,
  ...{ codec: 'avc', codecString: 'avc1.64000a', configuration: Uint8Array.of(1, 0x64, 0, 10, 0xff) },
};
const OPUS: AudioTrack = {
  ...{ kind: 'audio', codec: 'opus', codecString: 'opus', timescale: timescale(1000) },
  ...{ configuration: Uint8Array.of(0, 2, 1, 56, 0, 0, 187, 128, 0, 0, 0), sampleRate: 48_000, channels: 2 },
};
const SOURCE: Epoch = { index: 4, tracks: [VP8, OPUS], init: Uint8Array.of(1), mime: 'the source’s' };
const NEXT: Epoch = { ...SOURCE, index: 5, startsSession: true };

/** A rendition that a test writes to. */
class TestRendition implements Rendition {
  readonly state = 'running';
  readonly words = '';
  readonly epoch = undefined;
  #tap: BroadcastTap | undefined;

  follow(tap: BroadcastTap): () => void {
    this.#tap = tap;
    return () => {};
  }

  begin({ index }: Epoch): void {
    this.#tap?.epoch({ index, tracks: [AVC], init: Uint8Array.of(2), mime: 'the rendition’s' });
  }

  frame(at: number, keyframe = false): void {
    this.#tap?.chunk(chunkAt('video', at, 40, keyframe));
  }

  end(): void {
    this.#tap?.end();
  }
}

const chunkAt = (kind: Chunk['kind'], at: number, duration: number, keyframe: boolean): Chunk => ({
  ...{ kind, trackId: kind === 'video' ? 1 : 2, timescale: timescale(1000), dts: ticks(at), samples: 1 },
  ...{ duration: ticks(duration), keyframe, startsGroup: keyframe && kind === 'video' },
  ...{ wallClock: milliseconds(at), bytes: Uint8Array.of(0) },
});

let source: TestBroadcast;
let picture: TestRendition;
let shown: StandIn;
let told: string[];
let woken: number;

const sound = (at: number) => source.chunk(chunkAt('audio', at, 100, true));

beforeEach(() => {
  source = new TestBroadcast();
  picture = new TestRendition();
  told = [];
  woken = 0;
  const wake = () => {
    woken += 1;
  };
  shown = new StandIn({ source: source.broadcast, picture, limits: DEFAULT_GROUP_BUFFER, wake });
  shown.broadcast.tap({
    epoch: ({ index, tracks }) => told.push(`epoch ${index} ${tracks.map(({ codec }) => codec).join('+')}`),
    chunk: ({ kind, dts }) => told.push(`${kind} ${dts}`),
    end: () => told.push('end'),
  });
});

describe('what stands in for a broadcast', () => {
  it('has its info and epochs, with the rendition’s picture and its own sound', () => {
    source.epoch(SOURCE);
    expect(shown.broadcast.epoch).toBeUndefined();
    picture.begin(SOURCE);
    expect(shown.broadcast.info).toBe(source.broadcast.info);
    expect(shown.broadcast.epoch).toMatchObject({
      ...{ index: 4, tracks: [AVC, OPUS], mime: 'video/mp4; codecs="avc1.64000a,opus"' },
    });
  });

  it('gives out sound with its picture, so that whoever begins at a keyframe has both from there on', () => {
    source.epoch(SOURCE);
    for (let at = 0; at < 300; at += 100) sound(at);
    picture.begin(SOURCE);
    for (let at = 0; at < 240; at += 40) picture.frame(at, at === 0 || at === 160);
    expect(told).toEqual([
      ...['epoch 4 avc+opus', 'video 0', 'audio 0', 'video 40', 'video 80', 'audio 100', 'video 120'],
      ...['video 160', 'video 200', 'audio 200'],
    ]);
    expect(shown.broadcast.buffer.newest?.items.map(({ chunk }) => `${chunk.kind} ${chunk.dts}`)).toEqual([
      ...['video 160', 'video 200', 'audio 200'],
    ]);
    expect(woken).toBeGreaterThan(0);
  });

  it('begins an epoch with its picture, after all sound of the one before', () => {
    source.epoch(SOURCE);
    picture.begin(SOURCE);
    picture.frame(0, true);
    sound(0);
    sound(100);
    source.epoch(NEXT);
    sound(200);
    picture.frame(40);
    picture.begin(NEXT);
    picture.frame(200, true);
    expect(told).toEqual([
      ...['epoch 4 avc+opus', 'video 0', 'audio 0', 'video 40', 'audio 100'],
      ...['epoch 5 avc+opus', 'video 200', 'audio 200'],
    ]);
    expect(shown.broadcast.epoch?.startsSession).toBe(true);
  });

  it('shows an epoch without a picture as it is', () => {
    source.epoch({ ...SOURCE, tracks: [OPUS] });
    sound(0);
    sound(100);
    expect(told).toEqual(['epoch 4 opus', 'audio 0', 'audio 100']);
  });

  it('waits 3 s for a picture that does not come, and goes on with the sound', () => {
    source.epoch(SOURCE);
    picture.begin(SOURCE);
    picture.frame(0, true);
    for (let at = 0; at <= 3400; at += 100) sound(at);
    expect(told.filter((one) => one.startsWith('audio'))).toEqual([
      'audio 0',
      'audio 100',
      'audio 200',
      'audio 300',
    ]);
  });

  it('holds no more than 3 s of sound before any picture', () => {
    source.epoch(SOURCE);
    for (let at = 0; at <= 60_000; at += 100) sound(at);
    picture.begin(SOURCE);
    picture.frame(60_000, true);
    expect(told.slice(0, 3)).toEqual(['epoch 4 avc+opus', 'audio 57000', 'audio 57100']);
  });

  it('ends after the broadcast, when the last of its picture is out', () => {
    source.epoch(SOURCE);
    picture.begin(SOURCE);
    picture.frame(0, true);
    sound(0);
    sound(100);
    source.end();
    expect(shown.broadcast.state).toBe('live');
    picture.frame(40);
    picture.end();
    expect(told.slice(-3)).toEqual(['video 40', 'audio 100', 'end']);
    expect(shown.broadcast.state).toBe('ended');
  });
});
