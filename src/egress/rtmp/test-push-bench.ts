import { ManualClock } from '../../channel/manual-clock.ts';
import type { LookUp } from './address-policy.ts';
import type { DestinationSettings, Push } from './push.ts';
import { RtmpEgress } from './rtmp-egress.ts';
import { TestBroadcast, TestRenditions } from './test-broadcast.ts';
import { TestRtmpServer } from './test-rtmp-server.ts';

/** A broadcast, and a server that it is pushed to, with a clock that stands still. */
export class PushBench {
  readonly clock = new ManualClock();
  readonly renditions = new TestRenditions();
  readonly server: TestRtmpServer;
  readonly egress: RtmpEgress;
  stream = new TestBroadcast();

  private constructor(server: TestRtmpServer, lookUp: LookUp | undefined, allow: readonly string[]) {
    const { clock, renditions } = this;
    this.server = server;
    this.egress = new RtmpEgress({
      ...{ clock, renditions, allow, authorities: [], random: () => 0.5 },
      log: { info: () => {}, warn: () => {}, error: () => {} },
      ...(lookUp && { lookUp }),
    });
    this.egress.changed.add(server.notice);
  }

  /** Who listens at 127.0.0.1 may be pushed to, unless something else is allowed. */
  static async start(lookUp?: LookUp, allow = ['127.0.0.1']): Promise<PushBench> {
    return new PushBench(await TestRtmpServer.start(), lookUp, allow);
  }

  settings(rest: Partial<DestinationSettings> = {}): DestinationSettings {
    const { url } = this.server;
    return { id: 'd', url, streamKey: 'key-1', mode: 'copy', maxDuration: undefined, ...rest };
  }

  push(rest: Partial<DestinationSettings> = {}): Push {
    return this.egress.push(this.stream.broadcast, this.settings(rest));
  }

  async until(state: string, push: Push): Promise<void> {
    await this.server.until(() => push.status.state === state);
  }

  /** The newest of so many connections, at least, is published to. */
  async started(count = 1): Promise<void> {
    await this.server.until(() => this.server.connections.length >= count && this.server.last.started);
  }

  /** Moves to the next attempt, once the last connection is gone. */
  async retry(push: Push): Promise<void> {
    await this.until('retrying', push);
    await this.server.until(() => this.server.open === 0);
    const before = this.server.connections.length;
    this.clock.advance((push.status.nextTry ?? 0) - this.clock.wall());
    await this.server.until(() => this.server.connections.length > before);
  }

  /** Media for that long, as the clock goes; the server reads it. */
  async play(from: number, to: number): Promise<void> {
    const { server } = this;
    for (let time = from; time < to; time += 500) {
      const before = server.last.media.length;
      this.stream.play(time, time + 500);
      await server.until(() => server.last.media.length > before || server.last.socket.destroyed);
      this.clock.advance(500);
    }
  }

  /** Publishes and plays until it is live; its media begins at 0. */
  async goLive(push: Push): Promise<void> {
    await this.started();
    await this.play(0, 2000);
    if (push.status.state !== 'live') throw new Error(`it is ${push.status.state}`);
  }

  async close(): Promise<void> {
    const closed = this.egress.close();
    this.stream.end();
    this.clock.advance(10_000);
    await closed;
    await this.server.close();
  }
}
