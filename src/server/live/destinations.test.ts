import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Broadcast } from '../../channel/broadcast.ts';
import type { Hub } from '../../channel/hub.ts';
import { Listeners } from '../../channel/listeners.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import type { Renditions } from '../../egress/rtmp/from-channel.ts';
import { RtmpEgress } from '../../egress/rtmp/rtmp-egress.ts';
import { TestBroadcast, TestRenditions } from '../../egress/rtmp/test-broadcast.ts';
import { TEST_VIDEO } from '../../egress/rtmp/test-frames.ts';
import { TestRtmpServer } from '../../egress/rtmp/test-rtmp-server.ts';
import { MESSAGE } from '../../media/rtmp/message.ts';
import { timescale } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import type { DestinationRecord } from '../../store/destination-store.ts';
import type { Store } from '../../store/open-store.ts';
import { fakeChildren } from '../../transcode/fake-child.ts';
import type { FfmpegInfo } from '../../transcode/probe-ffmpeg.ts';
import { Transcoder } from '../../transcode/transcoder.ts';
import { SecretSeal } from '../auth/secret-seal.ts';
import { Destinations } from './destinations.ts';

const OPUS: Track = {
  ...{ kind: 'audio', codec: 'opus', codecString: 'opus', timescale: timescale(48_000) },
  ...{ configuration: Uint8Array.of(0, 2, 1, 56, 0, 0, 187, 128, 0, 0, 0), sampleRate: 48_000, channels: 2 },
};
const log = { info: () => {}, warn: () => {}, error: () => {} };
const seal = new SecretSeal('a secret', 'destination keys');

let clock: ManualClock;
let platform: TestRtmpServer;
let egress: RtmpEgress;
/** Of the broadcast that is on. */
let renditions: Renditions;
let destinations: Destinations;
let records: DestinationRecord[];
let started: Listeners<Broadcast>;
let on: TestBroadcast | undefined;
let isShown: boolean;

beforeEach(async () => {
  clock = new ManualClock();
  platform = await TestRtmpServer.start();
  renditions = new TestRenditions();
  egress = new RtmpEgress({
    ...{ clock, log, allow: ['127.0.0.1'], authorities: [] },
    renditions: {
      get aacUnavailable() {
        return renditions.aacUnavailable;
      },
      get h264Unavailable() {
        return renditions.h264Unavailable;
      },
      aac: (broadcast) => renditions.aac(broadcast),
      h264: (broadcast, when) => renditions.h264(broadcast, when),
    },
    random: () => 0.5,
  });
  egress.changed.add(platform.notice);
  records = [];
  on = undefined;
  isShown = true;
  started = new Listeners();
  const find = () => on && { broadcast: on.broadcast, watchable: isShown ? on.broadcast : undefined };
  destinations = new Destinations({
    ...{ egress, seal, log, encoderProblem: () => undefined },
    hub: { broadcastStarted: started, find } as unknown as Hub,
    store: { destinations: { list: async () => records } } as unknown as Store,
  });
  destinations.start();
});

afterEach(async () => {
  const closed = egress.close();
  on?.end();
  clock.advance(10_000);
  await closed;
  await platform.close();
});

/** Saves one, as the API does. */
function add(rest: Partial<DestinationRecord> = {}): DestinationRecord {
  const record: DestinationRecord = {
    ...{ id: 'd', name: 'Mine', provider: 'custom', url: platform.url, sealedKey: seal.seal('a-key') },
    ...{ playbackUrl: null, enabled: true, when: 'always', mode: 'copy', maxDuration: null, createdAt: 0 },
    ...rest,
  };
  records = [record];
  destinations.changed('main', record);
  return record;
}

/** Changes it, as the API does. */
function change(rest: Partial<DestinationRecord>): void {
  const [before] = records;
  if (!before) throw new Error('there is none');
  const record = { ...before, ...rest };
  records = [record];
  destinations.changed('main', record, before);
}

const status = () => {
  const [record] = records;
  if (!record) throw new Error('there is none');
  return destinations.describe(record).status;
};

function begin(tracks?: readonly Track[], made: Renditions = new TestRenditions()): TestBroadcast {
  const broadcast = new TestBroadcast(tracks);
  on = broadcast;
  renditions = made;
  started.emit(broadcast.broadcast);
  return broadcast;
}

/** The broadcast is over. */
async function end(): Promise<void> {
  on?.end();
  on = undefined;
  await setImmediate();
}

const until = (state: string) => platform.until(() => status().state === state);
const keyOf = (index: number) =>
  platform.connections[index]?.commands.find(({ name }) => name === 'publish')?.arguments[1];
const appOf = (index: number) => platform.connections[index]?.commands[0]?.arguments[0];

/** Plays until the platform of that connection has taken enough to be live. */
async function goLive(connections = 1): Promise<void> {
  await platform.until(() => platform.connections.length >= connections && platform.last.started);
  for (let time = 0; time < 2000; time += 500) {
    const before = platform.last.media.length;
    on?.play(time, time + 500);
    await platform.until(() => platform.last.media.length > before);
    clock.advance(500);
  }
  expect(status().state).toBe('live');
}

/** What would be dialled has been. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
}

describe('a destination that is changed while it is live', () => {
  it.each([
    ['address', () => ({ url: platform.url.replace('/live', '/other') })],
    ['stream key', () => ({ sealedKey: seal.seal('another-key') })],
    ['encoding', () => ({ mode: 'transcode' as const })],
  ])('is pushed to anew with another %s, once the old connection is gone', async (_, rest) => {
    platform.behaviour = { stuck: true };
    add();
    begin();
    await platform.until(() => platform.connections.length === 1 && platform.last.started);
    // It reads nothing: what waits for it keeps the old connection open.
    on?.play(0, 4000, 500_000);
    platform.behaviour = {};
    change(rest());
    expect(status().state).toBe('connecting');
    await settle();
    expect(platform.connections.length).toBe(1);
    platform.last.socket.resume();
    await goLive(2);
    expect([platform.mostOpen, platform.connections.length]).toEqual([1, 2]);
    expect(keyOf(1)).toBe('sealedKey' in rest() ? 'another-key' : 'a-key');
    expect(appOf(1)).toMatchObject({ app: 'url' in rest() ? 'other' : 'live' });
  });

  it('goes on in one stream where only its time limit changes, which counts from when it went live', async () => {
    add({ maxDuration: 3000 });
    begin();
    await goLive();
    const left = status().remaining ?? 0;
    expect(left).toBeGreaterThan(0);
    change({ maxDuration: 60_000 });
    expect(status().remaining).toBe(left + 57_000);
    clock.advance(left + 1000);
    expect(status().state).toBe('live');
    change({ maxDuration: null });
    expect(status()).toMatchObject({ state: 'live', remaining: null });
    change({ maxDuration: 3000 });
    clock.advance(0);
    expect(status()).toMatchObject({ state: 'idle', code: 'time-limit', remaining: null });
    await settle();
    expect(platform.connections.length).toBe(1);
  });

  it('goes on in one stream where only its name changes, or when it is pushed', async () => {
    add();
    begin();
    await goLive();
    change({ when: 'on-demand' });
    change({ name: 'Yours' });
    change({ when: 'always' });
    await settle();
    expect([status().state, platform.connections.length]).toEqual(['live', 1]);
  });

  it('ends where it is switched off or deleted, and begins again where it is switched on', async () => {
    add();
    begin();
    await goLive();
    change({ enabled: false });
    expect(status().state).toBe('idle');
    await platform.until(() => platform.open === 0);
    change({ enabled: true });
    await goLive(2);
    destinations.forget('d');
    await platform.until(() => platform.open === 0);
    expect(platform.mostOpen).toBe(1);
  });
});

describe('a destination that is over for this broadcast', () => {
  it.each([
    ['stopped', () => destinations.stop('d')],
    ['ended by its time limit', () => clock.advance(5000)],
  ])('because it was %s stays so whatever is changed, and is started by hand', async (_, finish) => {
    add({ maxDuration: 5000 });
    begin();
    await goLive();
    finish();
    expect(status().state).toBe('idle');
    await platform.until(() => platform.open === 0);
    change({ maxDuration: 90_000 });
    change({ sealedKey: seal.seal('another-key') });
    change({ when: 'on-demand' });
    change({ when: 'always' });
    await settle();
    expect([status().state, platform.connections.length]).toEqual(['idle', 1]);
    expect(destinations.push('main', records[0] ?? add())).toBeUndefined();
    await goLive(2);
    expect(keyOf(1)).toBe('another-key');
  });

  it('is pushed in the next one, once the connection of the last is gone', async () => {
    platform.behaviour = { stuck: true };
    add();
    begin();
    await platform.until(() => platform.connections.length === 1 && platform.last.started);
    on?.play(0, 4000, 500_000);
    platform.behaviour = {};
    await end();
    begin();
    await settle();
    expect([status().state, platform.connections.length]).toEqual(['connecting', 1]);
    platform.last.socket.resume();
    await goLive(2);
    expect(platform.mostOpen).toBe(1);
  });

  it('because it failed is tried again with another key, also where it is started by hand', async () => {
    platform.behaviour = { publish: 'NetStream.Publish.Denied' };
    add({ when: 'on-demand' });
    begin();
    destinations.push('main', records[0] ?? add());
    await until('failed');
    platform.behaviour = {};
    change({ name: 'Yours' });
    expect(status().state).toBe('failed');
    change({ sealedKey: seal.seal('another-key') });
    await goLive(2);
    expect(keyOf(1)).toBe('another-key');
  });
});

describe('a destination on demand', () => {
  it('is pushed to when it is started, and no sooner', async () => {
    add({ when: 'on-demand' });
    begin();
    await settle();
    change({ sealedKey: seal.seal('another-key') });
    await settle();
    expect([status().state, platform.connections.length]).toEqual(['idle', 0]);
    expect(destinations.push('main', records[0] ?? add())).toBeUndefined();
    await goLive();
    expect(destinations.push('main', records[0] ?? add())).toBeUndefined();
    await settle();
    expect(platform.connections.length).toBe(1);
  });

  it('begins at once where it becomes one that always is', async () => {
    add({ when: 'on-demand' });
    begin();
    change({ when: 'always' });
    await goLive();
    expect(platform.connections.length).toBe(1);
  });

  it('cannot be started where no broadcast is on', () => {
    expect(destinations.push('main', add({ when: 'on-demand' }))).toBe('not-live');
  });
});

it('stays live while an ffmpeg that it needs fails, says so, and has sound again from the next one', async () => {
  const { children, openChild } = fakeChildren();
  const transcoder = new Transcoder({
    ...{ settings: { enabled: true, ffmpeg: 'ffmpeg', maxChildren: 1 }, clock, log, openChild },
    probe: async () => ({ version: '7.1', encoders: new Set(['aac']) }),
  });
  await transcoder.prepare();
  add();
  begin([TEST_VIDEO.track, OPUS], transcoder);
  await platform.until(() => platform.connections.length === 1 && platform.last.started);
  await settle();
  const sounds = () => platform.last.media.filter(({ type }) => type === MESSAGE.audio).length;
  const play = async (from: number, to: number) => {
    for (let time = from; time < to; time += 500) {
      const before = sounds();
      on?.play(time, time + 500);
      children.at(-1)?.make(24);
      await platform.until(() => sounds() > before);
      clock.advance(500);
    }
  };
  await play(0, 3000);
  expect(status()).toMatchObject({ state: 'live', message: null });
  children[0]?.exit({ code: 1, words: 'ffmpeg ended with code 1: it crashed' });
  await settle();
  expect(status()).toMatchObject({ state: 'live', message: expect.stringContaining('it crashed') });
  clock.advance(1000);
  await settle();
  expect(children.length).toBe(2);
  await play(3000, 6000);
  expect(status()).toMatchObject({ state: 'live', message: null });
  expect(platform.connections.length).toBe(1);
  on?.end();
  children[1]?.exit();
  await transcoder.close();
});

it('is sent by itself once there is an ffmpeg that did not answer when it was first asked', async () => {
  let found: FfmpegInfo | undefined;
  const { children, openChild } = fakeChildren();
  const transcoder = new Transcoder({
    ...{ settings: { enabled: true, ffmpeg: 'ffmpeg', maxChildren: 1 }, clock, log, openChild },
    probe: async () => found,
  });
  await transcoder.prepare();
  add();
  begin([TEST_VIDEO.track, OPUS], transcoder);
  await until('retrying');
  expect(status()).toMatchObject({
    code: 'codec-unavailable',
    message: expect.stringContaining('no ffmpeg'),
  });
  found = { version: '7.1', encoders: new Set(['aac']) };
  for (let asked = 0; status().state !== 'connecting' || !platform.last.started; asked += 1) {
    expect(asked).toBeLessThan(10);
    const { nextTry } = status();
    if (nextTry !== null) clock.advance(nextTry - clock.wall());
    await platform.until(() => platform.last.started || status().state === 'retrying');
  }
  await settle();
  on?.end();
  children[0]?.exit();
  await transcoder.close();
});

it('a broadcast that nobody is shown is sent nowhere', async () => {
  isShown = false;
  const record = add();
  begin();
  await settle();
  expect(destinations.push('main', record)).toBe('not-shown');
  change({ sealedKey: seal.seal('another-key') });
  await settle();
  expect([status().state, platform.connections.length]).toEqual(['idle', 0]);
});
