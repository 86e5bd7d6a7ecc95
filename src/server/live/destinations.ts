import type { Broadcast } from '../../channel/broadcast.ts';
import type { Hub } from '../../channel/hub.ts';
import type { Log } from '../../channel/log.ts';
import { DestinationError } from '../../egress/rtmp/destination-error.ts';
import type { DestinationReport } from '../../egress/rtmp/probe-destination.ts';
import type { DestinationSettings, Push } from '../../egress/rtmp/push.ts';
import type { RtmpEgress } from '../../egress/rtmp/rtmp-egress.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { DestinationRecord } from '../../store/destination-store.ts';
import type { Store } from '../../store/open-store.ts';
import type { DestinationResource } from '../../wire/api.ts';
import type { SecretSeal } from '../auth/secret-seal.ts';

/** What destinations are kept and served with. */
export interface DestinationsOptions {
  readonly hub: Hub;
  readonly store: Store;
  readonly egress: RtmpEgress;
  readonly seal: SecretSeal;
  readonly log: Log;
  /** Why sound cannot be made into AAC here, in words; undefined where it can, or while that is not known. */
  readonly encoderProblem: () => string | undefined;
}

/** What is shown of a destination that nothing is pushed to. */
const IDLE: DestinationResource['status'] = {
  ...{ state: 'idle', code: null, message: null, liveSince: null, nextTry: null, bitrate: 0, sentBytes: 0 },
  ...{ acknowledgedBytes: 0, droppedGroups: 0, holding: false, remaining: null },
};

/** Pushes broadcasts to the destinations of their channels, as they are set, and follows when that changes. */
export class Destinations {
  readonly #options: DestinationsOptions;
  /** By the destination's id: the newest of each, until its broadcast is over. */
  readonly #pushes = new Map<string, Push>();

  constructor(options: DestinationsOptions) {
    this.#options = options;
  }

  /** From now on every broadcast is pushed. */
  start(): void {
    const { hub } = this.#options;
    hub.broadcastStarted.add((broadcast) => void this.#begin(broadcast));
  }

  /** Tells whenever the state of a channel's destination changes, until what it answers is called. */
  follow(channel: string, take: (event: DestinationEvent) => void): () => void {
    return this.#options.egress.changed.add((push) => {
      if (push.broadcast.info.channel === channel) take({ id: push.settings.id, status: describePush(push) });
    });
  }

  /** A destination as the API shows it. */
  describe(record: DestinationRecord): DestinationResource {
    const { sealedKey, provider, ...rest } = record;
    return {
      ...rest,
      provider: provider as DestinationResource['provider'],
      hasKey: sealedKey !== null,
      status: this.#statusOf(record),
    };
  }

  /** Starts it in the broadcast that is on; answers why it cannot be, undefined where it is. */
  push(channel: string, record: DestinationRecord): 'not-live' | 'not-shown' | undefined {
    const live = this.#options.hub.find(channel);
    if (!live?.broadcast) return 'not-live';
    if (!live.watchable) return 'not-shown';
    const present = this.#pushes.get(record.id);
    const goesOn = present?.broadcast === live.broadcast && !isDone(present);
    if (!goesOn) this.#open(live.broadcast, record);
    return undefined;
  }

  /** Ends it, for as long as this broadcast is on: only {@link push} starts it again in that. */
  stop(id: string): void {
    this.#pushes.get(id)?.close();
  }

  /** Ends it: it was deleted, or is not to be pushed to any more. */
  forget(id: string): void {
    this.stop(id);
    this.#pushes.delete(id);
  }

  /**
   * A destination was added or changed. What concerns the connection takes effect by a new one; what is over in this
   * broadcast stays over.
   */
  changed(channel: string, record: DestinationRecord, before?: DestinationRecord): void {
    const present = this.#pushes.get(record.id);
    if (!record.enabled) this.forget(record.id);
    else if (!before?.enabled || !present) {
      if (record.when === 'always') this.push(channel, record);
    } else if (present.status.state === 'over') return;
    else if (concernsConnection(before, record)) this.#open(present.broadcast, record);
    else present.limit(limitOf(record));
  }

  /** Connects, publishes nothing, and reports. */
  async test(record: DestinationRecord): Promise<DestinationReport> {
    const settings = this.#settingsOf(record);
    if (settings instanceof DestinationError)
      return { reached: false, code: settings.code, words: settings.message };
    return await this.#options.egress.probe(settings);
  }

  async #begin(broadcast: Broadcast): Promise<void> {
    const { hub, store, log } = this.#options;
    const { channel } = broadcast.info;
    try {
      for (const record of await store.destinations.list(channel)) {
        if (hub.find(channel)?.broadcast !== broadcast) return;
        // One that was started meanwhile, by hand or by a change, goes on.
        const isOpen = this.#pushes.get(record.id)?.broadcast === broadcast;
        if (record.enabled && record.when === 'always' && !isOpen) this.push(channel, record);
      }
    } catch (error) {
      log.error({ channel, err: error }, 'destinations could not be read');
    }
  }

  #open(broadcast: Broadcast, record: DestinationRecord): void {
    this.#pushes.get(record.id)?.close();
    const settings = this.#settingsOf(record);
    if (settings instanceof DestinationError) return;
    const push = this.#options.egress.push(broadcast, settings);
    this.#pushes.set(record.id, push);
    void broadcast.closed.then(() => {
      if (this.#pushes.get(record.id) === push) this.#pushes.delete(record.id);
    });
  }

  #settingsOf(record: DestinationRecord): DestinationSettings | DestinationError {
    const { id, url, mode, sealedKey } = record;
    const streamKey = sealedKey === null ? '' : this.#options.seal.unseal(sealedKey);
    if (streamKey === undefined) {
      const message = 'The stream key was sealed with another server secret. Enter it again.';
      return new DestinationError('key-unreadable', message, true);
    }
    return { ...{ id, url, mode, streamKey }, maxDuration: limitOf(record) };
  }

  #statusOf(record: DestinationRecord): DestinationResource['status'] {
    const push = this.#pushes.get(record.id);
    if (push) return describePush(push);
    const settings = this.#settingsOf(record);
    if (settings instanceof DestinationError) {
      return { ...IDLE, state: 'failed', code: settings.code, message: settings.message };
    }
    const problem = this.#options.encoderProblem();
    if (problem === undefined) return IDLE;
    const message = `The sound of browsers is Opus, which most platforms do not take, and it cannot be made into AAC: ${problem}.`;
    return { ...IDLE, code: 'codec-unavailable', message };
  }
}

/** A destination has another state. */
export interface DestinationEvent {
  readonly id: string;
  readonly status: DestinationResource['status'];
}

function describePush({ status }: Push): DestinationResource['status'] {
  const { state, words: message, remaining, ...rest } = status;
  return {
    ...{ ...rest, message, state: state === 'over' ? 'idle' : state },
    remaining: remaining === null ? null : Math.round(remaining),
  };
}

function isDone({ status }: Push): boolean {
  return status.state === 'failed' || status.state === 'over';
}

function concernsConnection(a: DestinationRecord, b: DestinationRecord): boolean {
  return a.url !== b.url || a.sealedKey !== b.sealedKey || a.mode !== b.mode;
}

function limitOf({ maxDuration }: DestinationRecord): Milliseconds | undefined {
  return maxDuration === null ? undefined : milliseconds(maxDuration);
}
