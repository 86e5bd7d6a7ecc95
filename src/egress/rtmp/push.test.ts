import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { readAudioTag } from '../../media/flv/audio-tag.ts';
import { readVideoTag } from '../../media/flv/video-tag.ts';
import { readAmf0 } from '../../media/rtmp/amf0-reader.ts';
import { amf0Property } from '../../media/rtmp/amf0-value.ts';
import { MESSAGE, USER_CONTROL, writeNumberMessage, writeUserControl } from '../../media/rtmp/message.ts';
import { milliseconds, timescale } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import type { DestinationSettings, Push } from './push.ts';
import { recordAnswers } from './record-answers.ts';
import { RtmpEgress } from './rtmp-egress.ts';
import { TestBroadcast, TestRenditions } from './test-broadcast.ts';
import { TEST_AUDIO, TEST_VIDEO } from './test-frames.ts';
import { TestRtmpServer } from './test-rtmp-server.ts';

const KEY = 'canary-91f2c7';

let clock: ManualClock;
let server: TestRtmpServer;
let stream: TestBroadcast;
let renditions: TestRenditions;
let egress: RtmpEgress;
let lines: string[];

beforeEach(async () => {
  clock = new ManualClock();
  server = await TestRtmpServer.start();
  stream = new TestBroadcast();
  renditions = new TestRenditions();
  lines = [];
  const keep = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  egress = new RtmpEgress({
    ...{ clock, renditions, allow: ['127.0.0.1'], authorities: [], random: () => 0.5 },
    log: { info: keep, warn: keep, error: keep },
  });
  egress.changed.add(server.notice);
});

afterEach(async () => {
  const closed = egress.close();
  stream.end();
  clock.advance(10_000);
  await closed;
  await server.close();
  for (const line of lines) expect(line).not.toContain(KEY);
});

function push(rest: Partial<DestinationSettings> = {}): Push {
  const settings = {
    id: 'd',
    url: server.url,
    streamKey: KEY,
    mode: 'copy' as const,
    maxDuration: undefined,
  };
  return egress.push(stream.broadcast, { ...settings, ...rest });
}

const isPublished =
  (count = 1) =>
  () =>
    server.connections.length >= count && server.last.commands.some(({ name }) => name === 'publish');
const isStarted =
  (count = 1) =>
  () =>
    server.connections.length >= count && server.last.started;
const until = (state: string, one: Push) => server.until(() => one.status.state === state);

/** Moves to the next attempt, once the last connection is gone. */
async function retry(one: Push): Promise<void> {
  await until('retrying', one);
  await server.until(() => server.open === 0);
  clock.advance((one.status.nextTry ?? 0) - clock.wall());
}

/** Media for that long, as the clock goes; the server reads it. */
async function play(from: number, to: number): Promise<void> {
  for (let time = from; time < to; time += 500) {
    const before = server.last.media.length;
    stream.play(time, time + 500);
    await server.until(() => server.last.media.length > before || server.last.socket.destroyed);
    clock.advance(500);
  }
}

/** Publishes and plays until it is live; its media begins at 0. */
async function goLive(one: Push): Promise<void> {
  await server.until(isStarted());
  await play(0, 2000);
  expect(one.status.state).toBe('live');
}

describe('a push', () => {
  it('speaks as publishers do, and sends what was published, from 0', async () => {
    const one = push();
    await goLive(one);
    expect(server.last.commands.map(({ name }) => name)).toEqual([
      ...['connect', 'releaseStream', 'FCPublish', 'createStream', 'publish'],
    ]);
    expect(server.last.commands[0]?.arguments[0]).toMatchObject({ app: 'live', tcUrl: server.url });
    expect(server.last.commands.at(-1)?.arguments).toEqual([null, KEY, 'live']);
    const [metadata, configuration, keyframe] = server.last.media;
    expect(readAmf0(metadata?.payload ?? new Uint8Array()).slice(0, 2)).toEqual([
      '@setDataFrame',
      'onMetaData',
    ]);
    expect(readVideoTag(configuration?.payload ?? new Uint8Array())).toMatchObject({ type: 'configuration' });
    expect(readVideoTag(keyframe?.payload ?? new Uint8Array())).toMatchObject({
      type: 'frame',
      keyframe: true,
    });
    const times = (type: number) =>
      server.last.media.flatMap((one) => (one.type === type ? [one.timestamp] : []));
    expect(times(MESSAGE.video).slice(0, 4)).toEqual([0, 0, 40, 80]);
    expect(times(MESSAGE.audio).slice(0, 4)).toEqual([0, 0, 20, 40]);
  });

  it('is live only once the server acknowledged publishing and took media, for a moment', async () => {
    server.behaviour = { publish: 'nothing' };
    const one = push();
    await server.until(isPublished());
    stream.play(0, 1000);
    clock.advance(5000);
    expect(one.status).toMatchObject({ state: 'connecting', liveSince: null, sentBytes: 0 });
    clock.advance(10_000);
    await until('retrying', one);
    expect(one.status).toMatchObject({ code: 'no-answer', nextTry: clock.wall() + 1000 });
    server.behaviour = {};
    clock.advance(1000);
    await server.until(isStarted(2));
    clock.advance(3000);
    expect(one.status.state).toBe('connecting');
    await play(0, 1500);
    expect(one.status).toMatchObject({ state: 'live', liveSince: expect.any(Number), code: null });
    expect(one.status.bitrate).toBeGreaterThan(0);
  });

  it('tells how much the server acknowledged, and answers its pings', async () => {
    const one = push();
    await goLive(one);
    server.last.say(writeNumberMessage(MESSAGE.acknowledgement, 4000));
    server.last.say(writeUserControl({ event: USER_CONTROL.pingRequest, value: 7 }));
    server.last.say(writeNumberMessage(MESSAGE.acknowledgement, 4500));
    await server.until(() => true);
    await play(2000, 3000);
    expect(one.status.acknowledgedBytes).toBe(4500);
  });

  it('ends with its broadcast: all is sent, and the server is told', async () => {
    const one = push();
    await goLive(one);
    stream.play(2000, 3000);
    stream.end();
    await one.closed;
    await server.until(() => server.open === 0);
    expect(server.last.commands.slice(-2).map(({ name }) => name)).toEqual(['FCUnpublish', 'deleteStream']);
    expect(server.last.media.at(-1)?.timestamp).toBe(2980);
    expect(one.status.state).toBe('over');
    expect(clock.pending).toBe(0);
  });

  it('ends when its time limit is reached', async () => {
    const one = push({ maxDuration: milliseconds(5000) });
    expect(one.status.remaining).toBeNull();
    await goLive(one);
    expect(one.status.remaining).toBeGreaterThan(3000);
    await play(2000, 4000);
    expect(one.status.remaining).toBeLessThan(3000);
    clock.advance(5000);
    await one.closed;
    expect(one.status).toMatchObject({ state: 'over', code: 'time-limit', remaining: null });
  });
});

describe('a connection that is lost', () => {
  it('is replaced at once, then after ever longer, one at a time, and the stream begins at a keyframe', async () => {
    const one = push();
    await goLive(one);
    await play(2000, 13_000);
    server.last.socket.destroy();
    await until('retrying', one);
    expect(one.status).toMatchObject({ code: 'closed', nextTry: clock.wall() });
    server.behaviour = { publish: 'close' };
    await retry(one);
    await server.until(isPublished(2));
    await until('retrying', one);
    expect(one.status.nextTry).toBe(clock.wall() + 1000);
    await server.until(() => server.open === 0);
    clock.advance(999);
    expect(server.connections.length).toBe(2);
    clock.advance(1);
    await server.until(isPublished(3));
    await until('retrying', one);
    expect(one.status.nextTry).toBe(clock.wall() + 2000);
    server.behaviour = {};
    await retry(one);
    await server.until(isStarted(4));
    stream.play(13_040, 13_500);
    await play(14_000, 16_000);
    expect(one.status.state).toBe('live');
    expect(server.last.media[2]).toMatchObject({ timestamp: 0, type: MESSAGE.video });
    expect(server.mostOpen).toBe(1);
  });

  it('is never given up once it has been live', async () => {
    const one = push();
    await goLive(one);
    server.behaviour = { publish: 'NetStream.Publish.Denied' };
    server.last.socket.destroy();
    for (let count = 2; count < 6; count += 1) {
      await retry(one);
      await server.until(isPublished(count));
    }
    await until('retrying', one);
    expect(one.status.code).toBe('publish-refused');
  });
});

describe('a server that refuses', () => {
  it('the connection, ends it in words', async () => {
    server.behaviour = { capabilities: null };
    const one = push();
    await one.closed;
    expect(one.status).toMatchObject({ state: 'failed', code: 'connect-refused' });
    expect(one.status.words).toContain('NetConnection.Connect.Rejected: no');
  });

  it('the key, ends it in words that do not have the key', async () => {
    server.behaviour = { publish: 'NetStream.Publish.Denied' };
    const one = push();
    await one.closed;
    expect(one.status).toMatchObject({ state: 'failed', code: 'publish-refused' });
    expect(one.status.words).toContain('about ••••');
    expect(one.status.words).not.toContain(KEY);
  });

  it('by closing the connection, with or without saying Start first, is asked three times', async () => {
    for (const behaviour of [{ publish: 'close' }, { thenClose: true }]) {
      server.behaviour = behaviour;
      const one = push();
      for (let count = 1; count < 3; count += 1) {
        const before = server.connections.length;
        await retry(one);
        await server.until(() => server.connections.length > before);
      }
      await one.closed;
      expect(one.status).toMatchObject({ state: 'failed', code: 'publish-refused' });
      expect(one.status.words).toContain('stream key');
    }
  });
});

describe('a server that is', () => {
  it('silent, is given up after a while and tried again', async () => {
    server.behaviour = { silent: true };
    const one = push();
    await server.until(() => server.open === 1);
    clock.advance(15_000);
    await until('retrying', one);
    expect(one.status.code).toBe('no-answer');
    await server.until(() => server.open === 0);
  });

  it('not there, is tried again', async () => {
    const { url } = server;
    await server.close();
    server = await TestRtmpServer.start();
    egress.changed.add(server.notice);
    const one = push({ url });
    await until('retrying', one);
    expect(one.status).toMatchObject({ code: 'unreachable' });
  });

  it('stuck, costs groups, bounded memory and nobody else anything; after 10 s it is dialled anew', async () => {
    server.behaviour = { stuck: true };
    const slow = push({ id: 'slow' });
    await server.until(isStarted());
    for (let time = 0; slow.status.state !== 'retrying'; time += 500) {
      stream.play(time, time + 500, 200_000);
      await new Promise((settle) => setImmediate(settle));
      clock.advance(500);
    }
    expect(slow.status).toMatchObject({ state: 'retrying', code: 'stalled' });
    expect(slow.status.droppedGroups).toBeGreaterThan(3);
  });

  it('speaking anything else, or RTMP cut off or broken at any byte, ends in a state with a name', async () => {
    const good = await recordAnswers(server, (url) => push({ url }));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.nat(good.length).map((end) => good.subarray(0, end)),
      fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => {
        const broken = new Uint8Array(good);
        broken[at] = byte;
        return broken;
      }),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (garbage) => {
        server.behaviour = { garbage };
        const one = push();
        await server.until(() => ['retrying', 'failed'].includes(one.status.state));
        expect(one.status.code).toMatch(/^(closed|not-rtmp|connect-refused|publish-refused|stalled)$/);
        one.close();
        await one.closed;
      }),
      { numRuns: 150 },
    );
  });
});

describe('codecs', () => {
  const opus: Track = {
    ...{ kind: 'audio', codec: 'opus', codecString: 'opus', timescale: timescale(48_000) },
    ...{
      configuration: Uint8Array.of(0, 2, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0),
      sampleRate: 48_000,
      channels: 2,
    },
  };
  const av1: Track = {
    ...{ kind: 'video', codec: 'av1', codecString: 'av01.0.04M.08', timescale: timescale(90_000) },
    ...{ configuration: Uint8Array.of(0x81, 4, 0, 0), width: 640, height: 360 },
  };

  it('are sent as they are where the server announces them', async () => {
    stream = new TestBroadcast([av1, opus]);
    server.behaviour = { capabilities: { fourCcList: ['av01'], audioFourCcInfoMap: { Opus: 4 } } };
    await goLive(push());
    expect(renditions.asked).toEqual([]);
    const tags = server.last.media.flatMap(({ type, payload }) =>
      type === MESSAGE.video ? readVideoTag(payload) : type === MESSAGE.audio ? readAudioTag(payload) : [],
    );
    expect(new Set(tags.map((tag) => ('codec' in tag ? tag.codec : '')))).toEqual(new Set(['av1', 'opus']));
  });

  it('are made into H.264 and AAC where it does not', async () => {
    stream = new TestBroadcast([av1, opus]);
    await goLive(push());
    expect(renditions.asked.sort()).toEqual(['aac', 'h264 as needed']);
  });

  it('are made into H.264 anew where the destination asks', async () => {
    await goLive(push({ mode: 'transcode' }));
    expect(renditions.asked).toContain('h264 always');
  });

  it('that cannot be made are told before anything is published', async () => {
    stream = new TestBroadcast([av1, opus]);
    renditions.h264Unavailable = 'there is no ffmpeg that runs: install it';
    const one = push();
    await until('retrying', one);
    expect(one.status).toMatchObject({ code: 'codec-unavailable' });
    expect(one.status.words).toContain('install it');
    expect(server.last.commands.map(({ name }) => name)).not.toContain('publish');
  });
});

describe('a publisher that is lost', () => {
  it('is stood in for by its last picture in silence, and the stream is one when it is back', async () => {
    const one = push();
    await goLive(one);
    stream.broadcast.setState('interrupted');
    clock.advance(20_000);
    expect(one.status).toMatchObject({ state: 'live', holding: true });
    stream.broadcast.setState('live');
    await play(2000, 4000);
    expect(one.status).toMatchObject({ state: 'live', holding: false });
    expect(server.connections.length).toBe(1);
    for (const type of [MESSAGE.audio, MESSAGE.video]) {
      const times = server.last.media.flatMap((message) =>
        message.type === type ? [message.timestamp] : [],
      );
      const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
      expect(Math.max(...steps)).toBeLessThanOrEqual(502);
      expect(Math.min(...steps)).toBeGreaterThanOrEqual(0);
      expect(times.at(-1)).toBeGreaterThan(23_000);
    }
  });
});

it('a test of a destination connects, publishes nothing and reports', async () => {
  const settings = {
    id: 'd',
    url: server.url,
    streamKey: KEY,
    mode: 'copy' as const,
    maxDuration: undefined,
  };
  expect(await egress.probe(settings)).toMatchObject({ reached: true, code: null });
  expect(server.last.commands.map(({ name }) => name)).toEqual(['connect']);
  server.behaviour = { capabilities: null };
  expect(await egress.probe(settings)).toMatchObject({ reached: false, code: 'connect-refused' });
  expect(await egress.probe({ ...settings, url: 'rtmp://10.0.0.1/live' })).toMatchObject({
    code: 'address-refused',
  });
  expect(clock.pending).toBe(0);
});

describe('a broadcast without sound or without picture', () => {
  it('gets silence beside its pictures, and says so in its metadata', async () => {
    stream = new TestBroadcast([TEST_VIDEO.track]);
    const one = push();
    await goLive(one);
    const [metadata, ...media] = server.last.media;
    const [, , properties] = readAmf0(metadata?.payload ?? new Uint8Array());
    expect(amf0Property(properties, 'audiocodecid')).toBe(10);
    const sound = media.filter(({ type }) => type === MESSAGE.audio).map(({ timestamp }) => timestamp);
    expect(sound.length).toBeGreaterThan(70);
    const steps = sound.slice(2).map((time, index) => time - (sound[index + 1] ?? 0));
    expect(new Set(steps)).toEqual(new Set([21, 22]));
    expect(one.status.words).toBeNull();
  });

  it('is sent without a picture, and its destination says what comes of that', async () => {
    stream = new TestBroadcast([TEST_AUDIO.track]);
    const one = push();
    await goLive(one);
    expect(server.last.media.some(({ type }) => type === MESSAGE.video)).toBe(false);
    expect(one.status.words).toContain('has no picture');
  });
});
