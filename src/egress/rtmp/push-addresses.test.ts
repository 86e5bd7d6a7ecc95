import { afterEach, describe, expect, it } from 'vitest';
import type { LookUp } from './address-policy.ts';
import { PushBench } from './test-push-bench.ts';
import { TestRtmpServer } from './test-rtmp-server.ts';

let bench: PushBench;

afterEach(async () => {
  await bench.close();
});

/** A name, at the port of the test server. */
const urlOf = (server: TestRtmpServer, name: string) => server.url.replace('127.0.0.1', name);

describe('a name', () => {
  it('is looked up once an attempt: the address that was checked is dialled, whatever it is found to be next', async () => {
    const answers = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.1']];
    const asked: string[] = [];
    bench = await PushBench.start(async (host) => {
      asked.push(host);
      return answers.shift() ?? [];
    });
    const { server } = bench;
    const one = bench.push({ url: urlOf(server, 'rebind.example') });
    await bench.goLive(one);
    expect(asked).toEqual(['rebind.example']);
    expect(server.last.commands[0]?.arguments[0]).toMatchObject({ tcUrl: urlOf(server, 'rebind.example') });
    server.last.socket.destroy();
    await bench.until('retrying', one);
    bench.clock.advance(1000);
    await server.until(() => one.status.code === 'address-refused');
    expect(server.connections.length).toBe(1);
  });

  it('of which one address is not allowed is refused whole', async () => {
    bench = await PushBench.start(async () => ['127.0.0.1', '127.0.0.2']);
    const one = bench.push({ url: urlOf(bench.server, 'both.example') });
    await one.closed;
    expect(one.status).toMatchObject({ state: 'failed', code: 'address-refused' });
    expect(bench.server.connections.length).toBe(0);
  });

  it('that no name server answers for is given up after ten seconds, for a push and for a test of it', async () => {
    const asked = Promise.withResolvers<void>();
    const silent: LookUp = () => {
      asked.resolve();
      return new Promise(() => {});
    };
    bench = await PushBench.start(silent);
    const one = bench.push({ url: urlOf(bench.server, 'dead.example') });
    const report = bench.egress.probe(bench.settings({ url: urlOf(bench.server, 'dead.example') }));
    await asked.promise;
    bench.clock.advance(10_000);
    expect(await report).toMatchObject({ reached: false, code: 'host-not-found' });
    await bench.until('retrying', one);
    expect(one.status.code).toBe('host-not-found');
    expect(bench.clock.pending).toBe(2);
  });

  it('is tested at each of its addresses, as it is pushed to', async () => {
    // Nothing listens at the first one.
    bench = await PushBench.start(async () => ['::1', '127.0.0.1'], ['two.example']);
    const settings = bench.settings({ url: urlOf(bench.server, 'two.example') });
    expect(await bench.egress.probe(settings)).toMatchObject({ reached: true });
    expect(bench.clock.pending).toBe(0);
  });
});

it('follows no server that sends it elsewhere', async () => {
  bench = await PushBench.start();
  const elsewhere = await TestRtmpServer.start();
  bench.server.behaviour = { redirect: elsewhere.url };
  const one = bench.push();
  await one.closed;
  expect(one.status).toMatchObject({ state: 'failed', code: 'connect-refused' });
  expect(bench.server.connections.length).toBe(1);
  expect(elsewhere.connections.length).toBe(0);
  await elsewhere.close();
});
