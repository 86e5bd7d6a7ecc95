import type { Broadcast } from '../../channel/broadcast.ts';
import type { Clock } from '../../channel/clock.ts';
import { Listeners } from '../../channel/listeners.ts';
import type { Log } from '../../channel/log.ts';
import { AddressPolicy, type LookUp } from './address-policy.ts';
import type { Renditions } from './from-channel.ts';
import { hostLookUp } from './host-look-up.ts';
import { openSocket } from './open-socket.ts';
import { type DestinationReport, probeDestination } from './probe-destination.ts';
import { type DestinationSettings, Push, type PushHost } from './push.ts';
import type { PushState } from './push-status.ts';

/** What an egress is made of. */
export interface RtmpEgressOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly renditions: Renditions;
  /** Networks, addresses and hosts that may be dialled beside those of the public internet. */
  readonly allow: readonly string[];
  /** Certificate authorities that are trusted beside the public ones, PEM. */
  readonly authorities: readonly string[];
  /** From 0 to 1; by default as random as it gets. */
  readonly random?: () => number;
  /** How host names are looked up; given by tests only. */
  readonly lookUp?: LookUp;
}

/** Since the start of the server. */
export interface RtmpCounts {
  readonly pushes: Readonly<Record<PushState, number>>;
  readonly sentBytes: number;
  readonly droppedGroups: number;
}

/** Pushes broadcasts to RTMP servers. */
export class RtmpEgress {
  /** A push has another state. */
  readonly changed = new Listeners<Push>();
  readonly #host: Omit<PushHost, 'changed'>;
  readonly #pushes = new Set<Push>();
  /** The newest of each destination, until its broadcast is over. */
  readonly #failed = new Map<string, Push>();
  #sentBefore = 0;
  #droppedBefore = 0;

  constructor(options: RtmpEgressOptions) {
    const { clock, log, renditions, allow, random = Math.random, lookUp = hostLookUp() } = options;
    this.#host = {
      ...{ clock, log, renditions, random, openSocket },
      policy: new AddressPolicy(allow, lookUp),
      authorities: options.authorities,
    };
  }

  get counts(): RtmpCounts {
    const pushes = { connecting: 0, live: 0, retrying: 0, failed: 0, over: 0 };
    let sentBytes = this.#sentBefore;
    let droppedGroups = this.#droppedBefore;
    for (const { status } of this.#pushes) {
      pushes[status.state] += 1;
      sentBytes += status.sentBytes;
      droppedGroups += status.droppedGroups;
    }
    for (const { status } of this.#failed.values()) if (status.state === 'failed') pushes.failed += 1;
    return { pushes, sentBytes, droppedGroups };
  }

  /**
   * Pushes a broadcast until it is over, or the push is closed. Never two at a time to one destination: an earlier push has
   * to be over, and its socket gone. Whoever replaces one closes it.
   */
  push(broadcast: Broadcast, settings: DestinationSettings): Push {
    let push: Push | undefined;
    const changed = () => {
      if (push) this.changed.emit(push);
    };
    const earlier = [...this.#pushes].filter((one) => one.settings.id === settings.id);
    const before = Promise.all(earlier.map(({ closed }) => closed));
    push = new Push(broadcast, settings, { ...this.#host, changed }, before);
    this.#pushes.add(push);
    this.#failed.delete(settings.id);
    void this.#forget(push);
    return push;
  }

  /** Connects as a push would, publishes nothing, and reports how it went. Never throws. */
  async probe(settings: DestinationSettings): Promise<DestinationReport> {
    return await probeDestination(settings, this.#host);
  }

  /** Ends every push; settles when the last socket is gone, after 3 s at most. */
  async close(): Promise<void> {
    const pushes = [...this.#pushes];
    for (const push of pushes) push.close();
    await Promise.all(pushes.map(({ closed }) => closed));
  }

  async #forget(push: Push): Promise<void> {
    await push.closed;
    this.#pushes.delete(push);
    this.#sentBefore += push.status.sentBytes;
    this.#droppedBefore += push.status.droppedGroups;
    if (push.status.state !== 'failed') return;
    const { id } = push.settings;
    this.#failed.set(id, push);
    await push.broadcast.closed;
    if (this.#failed.get(id) === push) this.#failed.delete(id);
  }
}
