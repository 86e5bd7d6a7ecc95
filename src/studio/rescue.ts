import { type KeptSession, listKept, openKept } from './keep/kept-sessions.ts';
import { SpillBacklog } from './keep/spill-backlog.ts';
import { Observable } from './observable.ts';
import { browserSignals } from './publish/page-signals.ts';
import type { PublishError, PublishErrorCode } from './publish/publish-error.ts';
import { openWebSocket } from './publish/publish-socket.ts';
import { Publisher } from './publish/publisher.ts';
import type { PublisherStatus } from './publish/publisher-status.ts';
import { browserTiming } from './publish/timing.ts';

/** One session that was left behind, and what becomes of it. Immutable: each change makes a new one. */
export interface Leftover {
  readonly kept: KeptSession;
  /** `sent`: the server has all of it now. `refused`: it will not take it, or not now; see `problem`. */
  readonly state: 'offered' | 'sending' | 'sent' | 'refused';
  /** While it is sent, and after. */
  readonly status: PublisherStatus | null;
  /** Why it could not be sent, in words. */
  readonly problem: string | null;
  /** It may be tried again. */
  readonly retry: boolean;
}

/** What sending needs to know. */
export interface RescueOptions {
  readonly channel: string;
  /** `wss://host/live/{channel}/publish` */
  readonly url: string;
  /** The stream key, where no sign-in covers the channel. */
  readonly key?: string | undefined;
  /** Asked when the connection fails without a reason. */
  readonly diagnose: () => Promise<PublishError | undefined>;
}

const ELSEWHERE = 'Another tab is sending it already.';

/** In place of what is said to a broadcast that is on. */
const WORDS: Partial<Record<PublishErrorCode, string>> = {
  'session-lost':
    'The server does not hold this broadcast any more. Its recording has what arrived until then; the rest cannot be added.',
  'taken-over': 'The broadcast goes on from somewhere else. Try again when it is over.',
  'channel-busy': 'The channel is live now. Try again when that broadcast is over.',
  'max-duration': 'The broadcast is as long as this channel allows. The rest cannot be added.',
  'channel-not-found': 'The channel no longer exists. The rest cannot be added.',
  'bad-media': 'The server could not read the rest.',
  unreachable: 'The server cannot be reached. Check the network connection, then try again.',
};

/** What earlier tabs left behind unsent on this channel: lists it, sends it and so ends its broadcast, or discards it. */
export class Rescue {
  readonly leftovers = new Observable<readonly Leftover[]>([]);
  readonly #options: RescueOptions;
  readonly #publishers = new Set<Publisher>();

  constructor(options: RescueOptions) {
    this.#options = options;
  }

  /** Looks for what was left behind; what is known already stays as it is. */
  async refresh(): Promise<void> {
    const kept = await listKept(this.#options.channel).catch(() => []);
    const known = this.leftovers.value;
    const isKnown = (session: string) => known.some((each) => each.kept.session === session);
    const added = kept.filter(({ session }) => !isKnown(session));
    if (added.length > 0) this.leftovers.set([...known, ...added.map(offered)]);
  }

  /** Sends the rest of it, and ends its broadcast. How it goes is in {@link leftovers}. */
  async send({ kept }: Leftover): Promise<void> {
    const vault = await openKept(kept);
    if (!vault) {
      this.#change(kept, { state: 'refused', problem: ELSEWHERE, retry: true });
      return;
    }
    this.#change(kept, { state: 'sending', problem: null });
    const backlog = new SpillBacklog({ vault, timing: browserTiming, kept });
    const publisher = new Publisher({
      ...this.#options,
      session: kept.session,
      mimeType: kept.mimeType,
      title: kept.title,
      backlog,
      leftBehind: true,
      openSocket: openWebSocket,
      signals: browserSignals,
      timing: browserTiming,
      random: Math.random,
    });
    this.#publishers.add(publisher);
    publisher.subscribe((status) => this.#change(kept, { status }));
    publisher.start();
    const status = await publisher.finish();
    this.#publishers.delete(publisher);
    this.#settle(kept, status);
    await backlog.close();
  }

  /** Forgets it for good. */
  async discard({ kept }: Leftover): Promise<void> {
    const vault = await openKept(kept);
    if (!vault) {
      this.#change(kept, { state: 'refused', problem: ELSEWHERE, retry: true });
      return;
    }
    await vault.discard();
    this.dismiss(kept);
  }

  /** Takes it off the list. */
  dismiss({ session }: { readonly session: string }): void {
    this.leftovers.set(this.leftovers.value.filter(({ kept }) => kept.session !== session));
  }

  /** Stops sending; what was not sent is kept. For when the page goes away. */
  close(): void {
    for (const publisher of this.#publishers) publisher.close();
  }

  #settle(kept: KeptSession, status: PublisherStatus): void {
    const { error } = status;
    // The tab died in the middle of a frame, and so ends the stream: all whole frames are stored.
    if (!error || isCutOff(error)) this.#change(kept, { state: 'sent', status });
    else {
      const problem = WORDS[error.code] ?? error.message;
      this.#change(kept, { state: 'refused', status, problem, retry: error.mayTryLater });
    }
  }

  #change({ session }: KeptSession, change: Partial<Leftover>): void {
    const change1 = (each: Leftover) => (each.kept.session === session ? { ...each, ...change } : each);
    this.leftovers.set(this.leftovers.value.map(change1));
  }
}

const offered = (kept: KeptSession): Leftover => ({
  kept,
  state: 'offered',
  status: null,
  problem: null,
  retry: false,
});

const isCutOff = (error: PublishError) => error.reason === 'container-truncated';
