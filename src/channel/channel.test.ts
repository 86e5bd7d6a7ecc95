import { describe, expect, it } from 'vitest';
import { bytes, milliseconds } from '../media/time.ts';
import type { Broadcast } from './broadcast.ts';
import type { Channel } from './channel.ts';
import { ChannelBusyError } from './channel-error.ts';
import { Hub } from './hub.ts';
import { ManualClock } from './manual-clock.ts';
import type { Reader, ReaderItem } from './reader.ts';
import { syntheticChunk, syntheticEpoch } from './synthetic-chunks.ts';

function setUp(limits?: { maxBytes: number; maxAge: number }) {
  const clock = new ManualClock();
  let made = 0;
  const hub = new Hub({
    clock,
    newBroadcastId: () => `b${++made}`,
    ...(limits && { groupBuffer: { maxBytes: bytes(limits.maxBytes), maxAge: milliseconds(limits.maxAge) } }),
  });
  const channel = hub.open('main', { reconnectGrace: milliseconds(30_000) });
  return { clock, hub, channel };
}

function openReader(channel: Channel, maxLag = 1_000_000) {
  let wakes = 0;
  const reader = channel.read({
    maxLag: bytes(maxLag),
    onReadable: () => {
      wakes += 1;
    },
  });
  return { reader, wakes: () => wakes };
}

const label = (item: ReaderItem): string => {
  switch (item.type) {
    case 'chunk':
      return `chunk ${item.chunk.dts / 3000}`;
    case 'epoch':
      return `epoch ${item.epoch.index}`;
    case 'live':
      return `live ${item.broadcast.id}`;
    case 'skipped':
      return `skipped ${item.chunks} ${item.bytes}`;
    case 'viewers':
      return `viewers ${item.count}`;
    default:
      return item.type;
  }
};

function readAll(reader: Reader): string[] {
  const items: string[] = [];
  for (let item = reader.next(); item; item = reader.next()) {
    if (item.type !== 'viewers') items.push(label(item));
  }
  return items;
}

function goLive(channel: Channel, frames = 0) {
  const publication = channel.publish({ title: 'Sunday' });
  publication.epoch(syntheticEpoch(publication.nextEpoch));
  for (let frame = 0; frame < frames; frame += 1) publication.chunk(syntheticChunk(frame));
  return publication;
}

describe('a reader', () => {
  it('waits for the broadcaster, then gets the epoch and every chunk in order', () => {
    const { channel } = setUp();
    const { reader, wakes } = openReader(channel);
    expect(readAll(reader)).toEqual(['offline']);
    const before = wakes();
    goLive(channel, 3);
    expect(wakes()).toBe(before + 1);
    expect(readAll(reader)).toEqual(['live b1', 'epoch 0', 'chunk 0', 'chunk 1', 'chunk 2']);
  });

  it('that comes late starts at the newest keyframe', () => {
    const { channel } = setUp();
    goLive(channel, 95);
    const { reader } = openReader(channel);
    expect(readAll(reader)).toEqual([
      'live b1',
      'epoch 0',
      'chunk 90',
      'chunk 91',
      'chunk 92',
      'chunk 93',
      'chunk 94',
    ]);
  });

  it('that comes before the first keyframe waits for it', () => {
    const { channel } = setUp();
    const publication = goLive(channel);
    publication.chunk(syntheticChunk(0, { kind: 'audio', group: false }));
    const { reader } = openReader(channel);
    expect(readAll(reader)).toEqual(['live b1']);
    publication.chunk(syntheticChunk(1, { group: true }));
    expect(readAll(reader)).toEqual(['epoch 0', 'chunk 1']);
  });

  it('that lags within its bound loses nothing', () => {
    const { channel } = setUp();
    const publication = goLive(channel, 1);
    const { reader } = openReader(channel);
    readAll(reader);
    for (let frame = 1; frame < 100; frame += 1) publication.chunk(syntheticChunk(frame));
    expect(readAll(reader)).toEqual(Array.from({ length: 99 }, (_, i) => `chunk ${i + 1}`));
  });

  it('that lags beyond its bound is told what it missed and skips to the newest group', () => {
    const { hub, channel } = setUp();
    const skips: unknown[] = [];
    hub.readerSkipped.add((skip) => skips.push(skip));
    const publication = goLive(channel, 1);
    const { reader } = openReader(channel, 2000);
    readAll(reader);
    for (let frame = 1; frame < 62; frame += 1) publication.chunk(syntheticChunk(frame));
    expect(readAll(reader)).toEqual(['skipped 59 5900', 'chunk 60', 'chunk 61']);
    expect(hub.skipped).toEqual({ chunks: 59, bytes: 5900 });
    expect(skips).toEqual([{ channel: 'main', chunks: 59, bytes: 5900 }]);
  });

  it('whose group was evicted skips, however large its own bound', () => {
    const { channel } = setUp({ maxBytes: 4000, maxAge: 60_000 });
    const publication = goLive(channel, 1);
    const { reader } = openReader(channel, 1_000_000);
    readAll(reader);
    for (let frame = 1; frame < 95; frame += 1) publication.chunk(syntheticChunk(frame));
    expect(readAll(reader)).toEqual([
      'skipped 89 8900',
      'chunk 90',
      'chunk 91',
      'chunk 92',
      'chunk 93',
      'chunk 94',
    ]);
  });

  it('is woken only after it has read everything, so one that is behind costs nothing', () => {
    const { channel } = setUp();
    const publication = goLive(channel, 1);
    const { reader, wakes } = openReader(channel);
    reader.next();
    for (let frame = 1; frame < 50; frame += 1) publication.chunk(syntheticChunk(frame));
    expect(wakes()).toBe(0);
    readAll(reader);
    publication.chunk(syntheticChunk(50));
    expect(wakes()).toBe(1);
  });

  it('is told of an interruption after the last chunk, and of the return before the next', () => {
    const { channel } = setUp();
    const publication = goLive(channel, 1);
    const { reader } = openReader(channel);
    publication.markLost();
    expect(readAll(reader)).toEqual(['live b1', 'epoch 0', 'chunk 0', 'interrupted']);
    publication.markResumed();
    publication.chunk(syntheticChunk(1));
    expect(readAll(reader)).toEqual(['resumed', 'chunk 1']);
  });

  it('reads an ended broadcast to its end, then the next one', () => {
    const { channel } = setUp();
    const publication = goLive(channel, 2);
    const { reader } = openReader(channel);
    reader.next();
    publication.end();
    goLive(channel, 1);
    expect(readAll(reader)).toEqual([
      'epoch 0',
      'chunk 0',
      'chunk 1',
      'ended',
      'live b2',
      'epoch 0',
      'chunk 0',
    ]);
  });

  it('gets a new epoch with its first group, and then what came before that: else the sound had a hole', () => {
    const { channel } = setUp();
    const publication = goLive(channel, 2);
    const { reader } = openReader(channel);
    readAll(reader);
    publication.epoch(syntheticEpoch(1));
    publication.chunk(syntheticChunk(2, { kind: 'audio', group: false }));
    expect(readAll(reader)).toEqual([]);
    publication.chunk(syntheticChunk(3, { group: true }));
    expect(readAll(reader)).toEqual(['epoch 1', 'chunk 2', 'chunk 3']);
    publication.epoch(syntheticEpoch(2));
    publication.chunk(syntheticChunk(4, { kind: 'audio', group: false, size: 2_000_000 }));
    publication.chunk(syntheticChunk(5, { group: true }));
    // What is too much to wait for a keyframe is not kept, but counted.
    expect(readAll(reader)).toEqual(['skipped 1 2000000', 'epoch 2', 'chunk 5']);
  });

  it('is counted, and told of the count at most once a second', () => {
    const { channel, clock } = setUp();
    const { reader } = openReader(channel);
    const second = openReader(channel).reader;
    expect(channel.viewers).toBe(2);
    clock.advance(1000);
    const items: ReaderItem[] = [];
    for (let item = reader.next(); item; item = reader.next()) items.push(item);
    expect(items.map(label)).toContain('viewers 2');
    second.close();
    second.close();
    clock.advance(1000);
    expect(reader.next()).toEqual({ type: 'viewers', count: 1 });
  });

  it('is dismissed when the channel goes', () => {
    const { hub, channel, clock } = setUp();
    let closed = 0;
    channel.read({
      maxLag: bytes(1),
      onReadable: () => {},
      onClose: () => {
        closed += 1;
      },
    });
    hub.remove('main');
    expect(closed).toBe(1);
    expect(channel.viewers).toBe(0);
    expect(clock.pending).toBe(0);
  });
});

describe('the group buffer', () => {
  it('keeps no more than its bytes and its seconds', () => {
    const { channel } = setUp({ maxBytes: 10_000, maxAge: 2500 });
    goLive(channel, 300);
    const buffer = channel.broadcast?.buffer;
    expect(buffer?.heldBytes).toBe(6000);
    expect(buffer?.totalBytes).toBe(30_000);
  });

  it('drops a group that outgrows it, and goes on with the next keyframe', () => {
    const { channel } = setUp({ maxBytes: 1000, maxAge: 60_000 });
    const publication = goLive(channel, 1);
    const { reader } = openReader(channel);
    readAll(reader);
    for (let frame = 1; frame < 29; frame += 1) publication.chunk(syntheticChunk(frame));
    expect(channel.broadcast?.buffer.heldBytes).toBe(0);
    publication.chunk(syntheticChunk(30));
    expect(readAll(reader)).toEqual(['skipped 28 2800', 'chunk 30']);
  });
});

describe('a broadcast', () => {
  it('is one through drops of its publisher', () => {
    const { channel, clock } = setUp();
    const publication = goLive(channel, 2);
    publication.markLost();
    expect(channel.state).toBe('interrupted');
    clock.advance(29_999);
    publication.markResumed();
    clock.advance(60_000);
    expect(channel.state).toBe('live');
    expect(channel.broadcast?.info.id).toBe('b1');
  });

  it('ends after its grace', async () => {
    const { channel, clock } = setUp();
    const publication = goLive(channel, 2);
    publication.markLost();
    clock.advance(30_000);
    expect(channel.state).toBe('offline');
    expect(await publication.closed).toBe('expired');
    expect(clock.pending).toBe(0);
  });

  it('tells another publisher where each of its tracks ended', () => {
    const { channel } = setUp();
    const first = goLive(channel, 30);
    first.chunk(syntheticChunk(20, { kind: 'audio', group: false }));
    first.markLost();
    expect(channel.publish().ends).toEqual({ video: 1000, audio: 700 });
  });

  it('continues its timeline and counts its epochs on under another publisher', () => {
    const { channel } = setUp();
    const first = goLive(channel, 30);
    first.markLost();
    const second = channel.publish();
    expect(second.position).toBeCloseTo(1000);
    expect(second.nextEpoch).toBe(1);
    second.epoch(syntheticEpoch(1));
    expect(channel.state).toBe('live');
    expect(channel.broadcast?.info.id).toBe('b1');
  });

  it('waits for a returning publisher that has not sent media yet, and not for ever', () => {
    const { channel, clock } = setUp();
    goLive(channel, 1).markLost();
    const second = channel.publish();
    clock.advance(60_000);
    expect(channel.state).toBe('interrupted');
    second.markLost();
    clock.advance(30_000);
    expect(channel.state).toBe('offline');
  });

  it('gives its taps every chunk, then its end', () => {
    const { hub, channel } = setUp({ maxBytes: 100, maxAge: 1 });
    const seen: string[] = [];
    hub.broadcastStarted.add((broadcast: Broadcast) => {
      broadcast.tap({
        epoch: (epoch) => seen.push(`epoch ${epoch.index}`),
        chunk: (chunk) => seen.push(`chunk ${chunk.dts / 3000}`),
        end: () => seen.push('end'),
      });
    });
    goLive(channel, 3).end();
    expect(seen).toEqual(['epoch 0', 'chunk 0', 'chunk 1', 'chunk 2', 'end']);
  });

  it('is closed when it has ended, for who takes none of its media', async () => {
    const { channel } = setUp();
    const publication = goLive(channel, 1);
    const broadcast = channel.broadcast;
    const stateWhenClosed = broadcast?.closed.then(() => broadcast.state);
    publication.markLost();
    publication.markResumed();
    publication.end();
    expect(await stateWhenClosed).toBe('ended');
  });

  it('tells when it started and what became of it', () => {
    const { hub, channel } = setUp();
    const states: string[] = [];
    hub.broadcastStarted.add(() => states.push('started'));
    hub.broadcastChanged.add((broadcast) => states.push(broadcast.state));
    const publication = goLive(channel, 1);
    publication.markLost();
    publication.markResumed();
    publication.end();
    expect(states).toEqual(['started', 'interrupted', 'live', 'ended']);
  });
});

describe('a publisher', () => {
  it('is refused while another is there, with the time at which that one came', () => {
    const { channel, clock } = setUp();
    const since = clock.wall();
    channel.publish();
    clock.advance(5000);
    expect(() => channel.publish()).toThrow(ChannelBusyError);
    try {
      channel.publish();
    } catch (error) {
      expect(error).toMatchObject({ code: 'channel-busy', since });
    }
  });

  it('may take over, and the one before cannot disturb it', async () => {
    const { channel } = setUp();
    const first = goLive(channel, 1);
    const second = channel.publish({ takeover: true });
    expect(await first.closed).toBe('taken-over');
    second.epoch(syntheticEpoch(1));
    first.chunk(syntheticChunk(5));
    first.markLost();
    first.end();
    expect(channel.state).toBe('live');
    expect(channel.broadcast?.buffer.totalBytes).toBe(100);
  });

  it('lost before it sent any media leaves the channel free', () => {
    const { channel } = setUp();
    channel.publish().markLost();
    expect(channel.publication).toBeUndefined();
    expect(() => channel.publish()).not.toThrow();
  });
});

describe('a channel that only records', () => {
  it('gives its readers nothing and keeps nothing for them, and its taps everything', () => {
    const { hub, channel } = setUp();
    const tapped: string[] = [];
    hub.broadcastStarted.add((broadcast) => {
      broadcast.tap({ epoch: () => {}, chunk: ({ dts }) => tapped.push(`${dts / 3000}`), end: () => {} });
    });
    channel.configure({ reconnectGrace: milliseconds(30_000), live: false });
    const { reader } = openReader(channel);
    goLive(channel, 3);
    expect(readAll(reader)).toEqual(['offline']);
    expect(tapped).toEqual(['0', '1', '2']);
    expect(channel.state).toBe('live');
    expect(channel.broadcast?.buffer.heldBytes).toBe(0);
  });

  it('shows its next broadcast when it is set to', () => {
    const { channel } = setUp();
    channel.configure({ reconnectGrace: milliseconds(0), live: false });
    const hidden = goLive(channel, 1);
    channel.configure({ reconnectGrace: milliseconds(0), live: true });
    const { reader } = openReader(channel);
    expect(readAll(reader)).toEqual(['offline']);
    hidden.end();
    goLive(channel, 1);
    expect(readAll(reader)).toEqual(['live b2', 'epoch 0', 'chunk 0']);
  });
});

describe('a broadcast that may only be so long', () => {
  it('is ended then, whether its publisher is there or not', async () => {
    const { clock, channel } = setUp();
    channel.configure({ reconnectGrace: milliseconds(30_000), maxDuration: milliseconds(60_000) });
    const publication = goLive(channel, 1);
    clock.advance(50_000);
    expect(channel.remaining).toBe(10_000);
    publication.markLost();
    clock.advance(9_999);
    expect(channel.state).toBe('interrupted');
    clock.advance(1);
    expect(channel.state).toBe('offline');
    expect(await publication.closed).toBe('too-long');
    expect(channel.remaining).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it('may be shortened, prolonged and freed while it is on', () => {
    const { clock, channel } = setUp();
    const limit = (maxDuration?: number) =>
      channel.configure({
        reconnectGrace: milliseconds(0),
        maxDuration: maxDuration === undefined ? undefined : milliseconds(maxDuration),
      });
    goLive(channel, 1);
    expect(channel.remaining).toBeUndefined();
    clock.advance(5000);
    limit(6000);
    limit(60_000);
    clock.advance(50_000);
    limit();
    clock.advance(50_000);
    expect(channel.state).toBe('live');
    limit(1000);
    clock.advance(0);
    expect(channel.state).toBe('offline');
    expect(clock.pending).toBe(0);
  });

  it('has its own limit anew the next time', () => {
    const { clock, channel } = setUp();
    channel.configure({ reconnectGrace: milliseconds(0), maxDuration: milliseconds(60_000) });
    goLive(channel, 1).end();
    clock.advance(50_000);
    goLive(channel, 1);
    clock.advance(59_999);
    expect(channel.state).toBe('live');
    clock.advance(1);
    expect(channel.state).toBe('offline');
  });
});
