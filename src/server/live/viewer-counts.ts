import { createHash, randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../../channel/clock.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import { DistinctCounter } from './distinct-counter.ts';

/** How a viewer is served. */
export type ViewerTransport = 'websocket' | 'hls' | 'dash' | 'dvr';
/** By segments: live ones, or what was recorded of the broadcast, while it is on and afterwards. */
export type SegmentTransport = Exclude<ViewerTransport, 'websocket'>;

/** Who watches a channel. */
export interface Audience {
  /** Viewers now: connections over WebSocket, and by segments who asked for any in the last seconds. */
  readonly sessions: Readonly<Record<ViewerTransport, number>>;
  /**
   * How many watch: connections, and of those who are served by segments whoever has none. So a player that changes its way is
   * never two.
   */
  readonly viewers: number;
  /** Different viewers now, as far as address and browser tell them apart. */
  readonly unique: number;
  /** Different viewers since midnight (UTC), to within a few per cent. */
  readonly today: number;
}

/** What counting is made of. */
export interface ViewerCountsOptions {
  readonly clock: Clock;
  /** So long after its last request a viewer by segments still counts; 15 s by default. */
  readonly window?: Milliseconds;
  /** So many viewers by segments are counted on the whole server; 100,000 by default. */
  readonly mostSessions?: number;
  /** Told, at most once a second for each channel, that somebody came or went. */
  readonly onChange?: (channel: string) => void;
}

/** Who makes a request: their address and what their program calls itself. Neither is kept but of a connection, while it is open. */
export interface Visitor {
  readonly address: string;
  readonly userAgent: string | undefined;
}

const WINDOW = milliseconds(15_000);
const MOST_SESSIONS = 100_000;
const SWEEP = milliseconds(1000);
const DAY = 86_400_000;
const LONGEST_AGENT = 512;
const BY_SEGMENTS: readonly SegmentTransport[] = ['hls', 'dash', 'dvr'];

/**
 * Counts viewers by channel and transport. Of a viewer nothing is kept but a hash of address and program with a salt that
 * is in memory only and another one each day: who watched cannot be told from it, nor followed from day to day.
 */
export class ViewerCounts {
  readonly #clock: Clock;
  readonly #window: Milliseconds;
  readonly #mostSessions: number;
  readonly #onChange: (channel: string) => void;
  readonly #channels = new Map<string, ChannelViewers>();
  readonly #changed = new Set<string>();
  #segmentSessions = 0;
  #timer: Timer | undefined;
  #salt = randomBytes(32);
  #day = Number.NaN;
  readonly #connections = new Set<Connection>();
  #closed = false;

  constructor(options: ViewerCountsOptions) {
    this.#clock = options.clock;
    this.#window = options.window ?? WINDOW;
    this.#mostSessions = options.mostSessions ?? MOST_SESSIONS;
    this.#onChange = options.onChange ?? (() => {});
  }

  /** A viewer's WebSocket opened. What it answers is to be called when that closes. */
  open(channel: string, visitor: Visitor): () => void {
    const hash = this.#hash(visitor);
    const viewers = this.#viewersOf(channel);
    const connection = { viewers, visitor, hash };
    this.#connections.add(connection);
    this.#segmentSessions -= viewers.move(hash, 'websocket');
    viewers.connected(hash);
    viewers.socketCount += 1;
    this.#change(channel);
    return () => {
      if (!this.#connections.delete(connection)) return;
      viewers.disconnected(connection.hash);
      viewers.socketCount -= 1;
      this.#change(channel);
    };
  }

  /** A viewer by segments asked for one, or for a playlist. Beyond the bound newcomers are not counted. */
  seen(channel: string, transport: SegmentTransport, visitor: Visitor): void {
    const hash = this.#hash(visitor);
    const viewers = this.#viewersOf(channel);
    const sessions = viewers[transport];
    const known = sessions.delete(hash);
    if (!known && this.#segmentSessions >= this.#mostSessions) return;
    // At the end of the map, for it was seen last.
    sessions.set(hash, this.#clock.now());
    if (known) return;
    this.#segmentSessions += 1 - viewers.move(hash, transport);
    viewers.seenToday(hash);
    this.#change(channel);
  }

  /** Who watches that channel. */
  of(channel: string): Audience {
    this.#keepDay();
    const viewers = this.#channels.get(channel);
    if (!viewers) return NOBODY;
    const { socketCount, sockets, hls, dash, dvr } = viewers;
    const unique = new Set([...sockets.keys(), ...hls.keys(), ...dash.keys(), ...dvr.keys()]).size;
    return {
      sessions: { websocket: socketCount, hls: hls.size, dash: dash.size, dvr: dvr.size },
      viewers: socketCount + unique - sockets.size,
      unique,
      today: viewers.today,
    };
  }

  /** Viewers of all channels. */
  get totals(): Readonly<Record<ViewerTransport, number>> {
    const totals = { websocket: 0, hls: 0, dash: 0, dvr: 0 };
    for (const viewers of this.#channels.values()) {
      totals.websocket += viewers.socketCount;
      for (const transport of BY_SEGMENTS) totals[transport] += viewers[transport].size;
    }
    return totals;
  }

  /** Forgets everybody; idempotent. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#channels.clear();
    this.#connections.clear();
  }

  #viewersOf(channel: string): ChannelViewers {
    const viewers = this.#channels.get(channel) ?? new ChannelViewers();
    this.#channels.set(channel, viewers);
    return viewers;
  }

  #hash(visitor: Visitor): string {
    this.#keepDay();
    return this.#hashToday(visitor);
  }

  #hashToday({ address, userAgent = '' }: Visitor): string {
    const text = `${address}\n${userAgent.slice(0, LONGEST_AGENT)}`;
    return createHash('sha256').update(this.#salt).update(text).digest().toString('latin1', 0, 8);
  }

  /** Who is watching when a day begins counts again, under another hash; by segments, twice for a few seconds. */
  #keepDay(): void {
    const day = Math.floor(this.#clock.wall() / DAY);
    // A clock that is set back over midnight begins no day again.
    if (day === this.#day || day === this.#day - 1) return;
    this.#day = day;
    this.#salt = randomBytes(this.#salt.byteLength);
    for (const viewers of this.#channels.values()) viewers.startDay();
    for (const connection of this.#connections) {
      connection.hash = this.#hashToday(connection.visitor);
      connection.viewers.connected(connection.hash);
    }
  }

  #change(channel: string): void {
    if (this.#closed) return;
    this.#changed.add(channel);
    this.#timer ??= this.#clock.after(SWEEP, this.#sweep);
  }

  readonly #sweep = (): void => {
    this.#timer = undefined;
    const oldest = this.#clock.now() - this.#window;
    for (const [channel, viewers] of this.#channels) {
      const gone = viewers.forget(oldest);
      this.#segmentSessions -= gone;
      if (gone > 0) this.#changed.add(channel);
    }
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const channel of changed) this.#onChange(channel);
    if (this.#segmentSessions > 0 && !this.#closed) this.#timer ??= this.#clock.after(SWEEP, this.#sweep);
  };
}

const NOBODY: Audience = {
  sessions: { websocket: 0, hls: 0, dash: 0, dvr: 0 },
  viewers: 0,
  unique: 0,
  today: 0,
};

/** A viewer's WebSocket. */
interface Connection {
  readonly viewers: ChannelViewers;
  readonly visitor: Visitor;
  /** Another one each day. */
  hash: string;
}

/** The viewers of one channel, as hashes; those by segments with when they were last seen, longest ago first. */
class ChannelViewers {
  /** How many connections each has. */
  readonly sockets = new Map<string, number>();
  readonly hls = new Map<string, number>();
  readonly dash = new Map<string, number>();
  readonly dvr = new Map<string, number>();
  /** What a viewer who is here was seen by before; where that is seen again they are two of one address and program. */
  readonly #left = new Map<string, SegmentTransport>();
  socketCount = 0;
  #today = new DistinctCounter();

  get today(): number {
    return this.#today.count;
  }

  seenToday(hash: string): void {
    this.#today.add(hash);
  }

  /** Forgets the hashes of connections: they have others from now on. */
  startDay(): void {
    this.#today = new DistinctCounter();
    this.sockets.clear();
    this.#left.clear();
  }

  /** A viewer has one connection more. */
  connected(hash: string): void {
    this.sockets.set(hash, (this.sockets.get(hash) ?? 0) + 1);
    this.seenToday(hash);
  }

  /** A viewer began to be served in that way: no more in the way before. Answers how many sessions that ends. */
  move(hash: string, to: ViewerTransport): number {
    const isBack = this.#left.get(hash) === to;
    this.#left.delete(hash);
    if (isBack) return 0;
    let ended = 0;
    for (const transport of BY_SEGMENTS) {
      if (transport === to || !this[transport].delete(hash)) continue;
      this.#left.set(hash, transport);
      ended += 1;
    }
    return ended;
  }

  /** A viewer has one connection less. */
  disconnected(hash: string): void {
    const rest = (this.sockets.get(hash) ?? 1) - 1;
    if (rest > 0) {
      this.sockets.set(hash, rest);
      return;
    }
    this.sockets.delete(hash);
    this.#left.delete(hash);
  }

  /** Forgets whom nobody has seen since; answers how many. */
  forget(oldest: number): number {
    let gone = 0;
    for (const transport of BY_SEGMENTS) {
      const sessions = this[transport];
      for (const [hash, seenAt] of sessions) {
        if (seenAt >= oldest) break;
        sessions.delete(hash);
        this.#left.delete(hash);
        gone += 1;
      }
    }
    return gone;
  }
}
