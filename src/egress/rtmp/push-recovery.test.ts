import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PushStatus } from './push-status.ts';
import { PushBench } from './test-push-bench.ts';

let bench: PushBench;

beforeEach(async () => {
  bench = await PushBench.start();
});

afterEach(async () => {
  await bench.close();
});

describe('a broadcast that ends', () => {
  it('while its destination is being retried, is over there at once, and dials it no more', async () => {
    const { clock, server, stream } = bench;
    const one = bench.push();
    await bench.goLive(one);
    server.behaviour = { publish: 'close' };
    server.last.socket.destroy();
    await bench.retry(one);
    await bench.until('retrying', one);
    stream.end();
    await one.closed;
    expect(one.status).toMatchObject({ state: 'over', code: null });
    expect(clock.pending).toBe(0);
    clock.advance(60_000);
    expect(server.connections.length).toBe(2);
  });

  it('with an encoder that is late, waits for what it still has, for no more than four seconds', async () => {
    const { clock, server, stream, renditions } = bench;
    renditions.endless = true;
    const one = bench.push();
    await bench.goLive(one);
    stream.end();
    await stream.broadcast.closed;
    clock.advance(3999);
    expect(one.status.state).toBe('live');
    clock.advance(1);
    await one.closed;
    expect(server.last.commands.at(-1)?.name).toBe('deleteStream');
    expect(clock.pending).toBe(0);
  });

  it('and whose connection is lost meanwhile, is over: no second stream is begun', async () => {
    const { clock, server, stream, renditions } = bench;
    renditions.endless = true;
    const one = bench.push();
    await bench.goLive(one);
    stream.end();
    await stream.broadcast.closed;
    server.last.socket.destroy();
    await one.closed;
    expect(one.status).toMatchObject({ state: 'over', code: null });
    expect(clock.pending).toBe(0);
    expect(server.connections.length).toBe(1);
  });
});

describe('a picture that cannot be made', () => {
  const noEncoder = () => {
    bench.renditions.state = 'unavailable';
    bench.renditions.words = 'No ffmpeg can be started.';
  };

  it('is told while nothing can be sent, and leaves the server after ten seconds', async () => {
    const { clock, server } = bench;
    noEncoder();
    const one = bench.push({ mode: 'transcode' });
    await bench.started();
    clock.advance(2000);
    expect(one.status).toMatchObject({ state: 'connecting', words: 'No ffmpeg can be started.' });
    clock.advance(8000);
    await bench.until('retrying', one);
    expect(one.status).toMatchObject({
      code: 'codec-unavailable',
      words: 'No ffmpeg can be started.',
      sentBytes: 0,
    });
    await bench.retry(one);
    await bench.until('retrying', one);
    expect(one.status.code).toBe('codec-unavailable');
    expect(server.last.commands.map(({ name }) => name)).toEqual(['connect']);
  });

  it('is not blamed on the key when the server closes the empty stream, and is sent once it can be made', async () => {
    const { clock, server, renditions } = bench;
    noEncoder();
    const one = bench.push({ mode: 'transcode' });
    for (let count = 1; count <= 5; count += 1) {
      await bench.started(count);
      clock.advance(6000);
      server.last.socket.end();
      await bench.retry(one);
    }
    await bench.started(6);
    expect(one.status.state).toBe('connecting');
    renditions.state = 'running';
    await bench.play(30_000, 33_000);
    expect(one.status.state).toBe('live');
  });
});

describe('a key that is in use', () => {
  it('is tried on: a platform takes a while to let go of it', async () => {
    const { clock, server } = bench;
    server.behaviour = { publish: 'NetStream.Publish.BadName' };
    const one = bench.push();
    while (clock.now() < 30_000) await bench.retry(one);
    await bench.until('retrying', one);
    server.behaviour = {};
    await bench.retry(one);
    await bench.started(server.connections.length);
    await bench.play(0, 2000);
    expect(one.status.state).toBe('live');
  });

  it('is given up when that has not helped', async () => {
    const { clock, server } = bench;
    server.behaviour = { publish: 'NetStream.Publish.BadName' };
    const one = bench.push();
    const isDone = () => one.status.state === 'failed';
    while (!isDone()) {
      await server.until(() => one.status.state === 'retrying' || isDone());
      if (!isDone()) await bench.retry(one);
    }
    expect(one.status).toMatchObject({ code: 'publish-refused' });
    expect(clock.now()).toBeGreaterThan(60_000);
    expect(clock.now()).toBeLessThan(180_000);
  });
});

describe('a push that failed', () => {
  it('is counted until it is replaced, taken away or its broadcast is over', async () => {
    const { egress, server, stream } = bench;
    server.behaviour = { publish: 'NetStream.Publish.Denied' };
    const one = bench.push();
    await one.closed;
    expect(egress.counts.pushes).toMatchObject({ failed: 1, over: 0 });
    one.close();
    expect(egress.counts.pushes).toMatchObject({ failed: 0, over: 0 });
    for (let count = 0; count < 2; count += 1) await bench.push().closed;
    expect(egress.counts.pushes).toMatchObject({ failed: 1 });
    stream.end();
    await stream.broadcast.closed;
    await Promise.resolve();
    expect(egress.counts.pushes).toMatchObject({ failed: 0 });
  });
});

describe('who follows a push', () => {
  it('is told that it holds, and that it does no more', async () => {
    const { clock, egress, stream } = bench;
    const told: PushStatus[] = [];
    egress.changed.add(({ status }) => told.push(status));
    const one = bench.push();
    await bench.goLive(one);
    expect(told.at(-1)).toMatchObject({ state: 'live', holding: false });
    stream.broadcast.setState('interrupted');
    clock.advance(2000);
    expect(told.at(-1)).toMatchObject({ state: 'live', holding: true });
    stream.broadcast.setState('live');
    await bench.play(2000, 3000);
    expect(told.at(-1)).toMatchObject({ state: 'live', holding: false });
  });

  it('is told every five seconds how much was sent, and at once of an encoder that fails', async () => {
    const { egress, renditions } = bench;
    const told: PushStatus[] = [];
    egress.changed.add(({ status }) => told.push(status));
    const one = bench.push();
    await bench.goLive(one);
    const before = told.length;
    await bench.play(2000, 22_000);
    expect(told.length - before).toBe(4);
    expect(told.at(-1)?.sentBytes).toBeGreaterThan(told.at(-2)?.sentBytes ?? 0);
    renditions.state = 'failing';
    renditions.words = 'The encoder failed.';
    bench.clock.advance(500);
    expect(told.at(-1)).toMatchObject({ state: 'live', words: 'The encoder failed.' });
  });
});
