import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { writeVideoConfiguration } from '../../media/flv/video-tag.ts';
import { readAmf0 } from '../../media/rtmp/amf0-reader.ts';
import { amf0Property } from '../../media/rtmp/amf0-value.ts';
import { MESSAGE } from '../../media/rtmp/message.ts';
import type { VideoTrack } from '../../media/track.ts';
import { PushedStream } from './pushed-stream.ts';
import { ServerCapabilities } from './server-capabilities.ts';
import type { TimedMessage } from './splicer.ts';
import { TestBroadcast, TestRenditions } from './test-broadcast.ts';
import { TEST_VIDEO } from './test-frames.ts';

const PLAIN = new ServerCapabilities([]);
const VP9 = { ...TEST_VIDEO.track, codec: 'vp9', codecString: 'vp09.00.10.08' } as VideoTrack;
const ENHANCED = new ServerCapabilities([{ fourCcList: ['vp09', 'Opus'] }]);

let clock: ManualClock;
let source: TestBroadcast;
let renditions: TestRenditions;
let sent: TimedMessage[];
let ends: number;

beforeEach(() => {
  clock = new ManualClock();
  source = new TestBroadcast();
  renditions = new TestRenditions();
  sent = [];
  ends = 0;
});

const open = (): PushedStream =>
  new PushedStream({
    ...{ broadcast: source.broadcast, mode: 'copy', clock, renditions },
    send: (message) => void sent.push(message),
    onEnd: () => {
      ends += 1;
    },
  });

function play(from: number, to: number): void {
  for (let time = from; time < to; time += 500) {
    source.play(time, time + 500);
    clock.advance(500);
  }
}

const pictures = () => sent.filter(({ type, isConfiguration }) => type === MESSAGE.video && !isConfiguration);
const metadata = () =>
  sent.filter(({ type }) => type === MESSAGE.dataAmf0).map(({ payload }) => readAmf0(payload)[2]);

describe('a stream', () => {
  it('goes to a server that takes it, behind what it is', () => {
    const stream = open();
    stream.begin(PLAIN);
    play(0, 1000);
    expect(sent[0]?.type).toBe(MESSAGE.dataAmf0);
    expect(amf0Property(metadata()[0], 'width')).toBe(640);
    expect(amf0Property(metadata()[0], 'encoder')).toBe('Headwater');
    expect(pictures()).toHaveLength(25);
    stream.close();
  });

  it('that was lost begins at 0 with the next group, and with what it is, at the next server', () => {
    const stream = open();
    stream.begin(PLAIN);
    play(0, 1000);
    stream.lost();
    sent = [];
    play(1000, 2500);
    expect(sent).toEqual([]);
    stream.begin(PLAIN);
    play(2500, 4000);
    expect(metadata().length).toBeGreaterThan(0);
    expect(pictures()[0]).toMatchObject({ timestamp: 0, startsGroup: true });
    expect(pictures()).toHaveLength(25);
    stream.close();
  });

  it('keeps its encoders for a server that takes the same, and does without where one takes more', () => {
    source = new TestBroadcast([VP9]);
    const tap = vi.spyOn(source.broadcast, 'tap');
    const stream = open();
    stream.begin(PLAIN);
    const taps = tap.mock.calls.length;
    stream.begin(new ServerCapabilities([]));
    play(0, 1000);
    expect(tap).toHaveBeenCalledTimes(taps);
    expect(renditions.asked).toEqual(['h264 as needed']);
    expect(pictures()).toHaveLength(25);
    stream.lost();
    stream.begin(ENHANCED);
    sent = [];
    play(1000, 2000);
    expect(renditions.asked).toEqual(['h264 as needed']);
    expect(sent.filter(({ type }) => type === MESSAGE.video)[0]?.payload).toEqual(
      writeVideoConfiguration(VP9),
    );
    stream.close();
  });

  it('without sound is said to have the silence that is put beside it', () => {
    source = new TestBroadcast([TEST_VIDEO.track]);
    const stream = open();
    stream.begin(PLAIN);
    play(0, 1000);
    expect(amf0Property(metadata()[0], 'audiosamplerate')).toBeGreaterThan(0);
    expect(sent.some(({ type }) => type === MESSAGE.audio)).toBe(true);
    stream.close();
  });

  it('tells once that nothing follows, and nothing after it was closed', () => {
    const [one, other] = [open(), open()];
    one.begin(PLAIN);
    other.begin(PLAIN);
    other.close();
    source.end();
    expect(ends).toBe(1);
  });
});

describe('a stream without media', () => {
  /** How long it is until something stands in for it. */
  function heldAfter(stream: PushedStream): number {
    for (let waited = 500; waited < 20_000; waited += 500) {
      clock.advance(500);
      stream.check(clock.now());
      if (stream.holding) return waited;
    }
    return Number.NaN;
  }

  it('is held after five seconds, and after one and a half where the publisher is known to be lost', () => {
    const stream = open();
    stream.begin(PLAIN);
    play(0, 1000);
    expect(heldAfter(stream)).toBe(5000 - 500);
    play(1000, 3000);
    expect(stream.holding).toBe(false);
    source.broadcast.setState('interrupted');
    expect(heldAfter(stream)).toBe(1500 - 500);
    stream.close();
  });

  it('and with an encoder that fails has a problem, also at the next server until something comes', () => {
    const stream = open();
    renditions.state = 'failing';
    renditions.words = 'the encoder fails';
    stream.begin(PLAIN);
    expect(stream.problem).toBe('the encoder fails');
    expect(stream.worthKnowing).toBe('the encoder fails');
    expect(stream.problemAt(PLAIN)).toBeUndefined();
    stream.starved();
    stream.lost();
    expect(stream.problemAt(PLAIN)).toBe('the encoder fails');
    renditions.state = 'running';
    play(0, 2000);
    expect(stream.problemAt(PLAIN)).toBeUndefined();
    stream.close();
  });
});
