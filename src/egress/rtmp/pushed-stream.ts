import type { Broadcast } from '../../channel/broadcast.ts';
import type { Clock } from '../../channel/clock.ts';
import { writeStreamMetadata } from '../../media/flv/stream-metadata.ts';
import { MESSAGE } from '../../media/rtmp/message.ts';
import type { Milliseconds } from '../../media/time.ts';
import type { FlvFrame } from './flv-track.ts';
import { BroadcastFeed, problemOfTracks, type Renditions, type VideoMode } from './from-channel.ts';
import type { ServerCapabilities } from './server-capabilities.ts';
import { SILENT_TRACK } from './silence.ts';
import { Splicer, type TimedMessage } from './splicer.ts';

/** What a stream is made of, and where it goes. */
export interface PushedStreamOptions {
  readonly broadcast: Broadcast;
  readonly mode: VideoMode;
  readonly clock: Clock;
  readonly renditions: Renditions;
  /** Called while a server takes the stream. */
  readonly send: (message: TimedMessage) => void;
  /** Nothing follows. */
  readonly onEnd: () => void;
}

/** Without media for so long, it is replaced: at once where the publisher is known to be lost, but for a moment. */
const LOST_AFTER = 1500;
const STALLED_AFTER = 5000;
const ENCODER = 'Headwater';
const NO_PICTURE =
  'The broadcast has no picture. It is sent as it is, and most platforms show nothing of it.';

/**
 * What a push sends: a broadcast as one server takes it, on the timeline of one published stream after another. It outlives
 * their connections. Idempotent `close`.
 */
export class PushedStream {
  readonly #options: PushedStreamOptions;
  readonly #splicer = new Splicer((message) => this.#send(message));
  #feed: BroadcastFeed | undefined;
  #feedFor: ServerCapabilities | undefined;
  /** A server takes it. */
  #isTaken = false;
  /** The last one had nothing in it, and nothing has come since. */
  #isStarved = false;

  constructor(options: PushedStreamOptions) {
    this.#options = options;
  }

  /** The last group is being repeated, for want of media. */
  get holding(): boolean {
    return this.#splicer.holding;
  }

  /** Groups that came too late to be live. */
  get skippedGroups(): number {
    return this.#splicer.skippedGroups;
  }

  /** What is wrong with an encoder that it needs, in words; undefined for nothing. */
  get problem(): string | undefined {
    return this.#feed?.problem;
  }

  /** What whoever looks at the destination should know of it, in words; null for nothing. */
  get worthKnowing(): string | null {
    const feed = this.#feed;
    if (feed?.problem !== undefined) return feed.problem;
    return feed && feed.kinds.length > 0 && !feed.kinds.includes('video') ? NO_PICTURE : null;
  }

  /** Why a server that takes such codecs would get nothing, in words; undefined where it would get something. */
  problemAt(capabilities: ServerCapabilities): string | undefined {
    const { broadcast, mode, renditions } = this.#options;
    const tracks = broadcast.epoch?.tracks ?? [];
    return (
      problemOfTracks(tracks, mode, capabilities, renditions) ??
      (this.#isStarved ? this.#feed?.problem : undefined)
    );
  }

  /** A server takes it, from 0 on. */
  begin(capabilities: ServerCapabilities): void {
    this.#isTaken = true;
    this.#openFeed(capabilities);
  }

  /** No server takes it now: what comes is only remembered. */
  lost(): void {
    this.#isTaken = false;
    this.#splicer.restart();
  }

  /** It had nothing in it for too long: {@link problemAt} says so until something comes. */
  starved(): void {
    this.#isStarved = true;
  }

  /** Stands in for media that does not come: to be called every now and then while it is taken. */
  check(now: Milliseconds): void {
    const feed = this.#feed;
    if (!feed) return;
    const longest = this.#options.broadcast.state === 'interrupted' ? LOST_AFTER : STALLED_AFTER;
    if (!this.#splicer.holding) {
      if (this.#splicer.idle(now) < longest) return;
      feed.flush();
    }
    this.#splicer.hold(now, feed.kinds);
  }

  close(): void {
    this.#feed?.close();
  }

  /** One that there is goes on, where it is what this server takes: its encoders need not start again. */
  #openFeed(capabilities: ServerCapabilities): void {
    if (this.#feedFor?.equals(capabilities)) return;
    const { broadcast, mode, clock, renditions, onEnd } = this.#options;
    this.#feed?.close();
    this.#feedFor = capabilities;
    this.#feed = new BroadcastFeed({
      ...{ broadcast, mode, clock, renditions, capabilities, onEnd },
      onFrame: (frame) => this.#frame(frame),
    });
  }

  #frame(frame: FlvFrame): void {
    const now = this.#options.clock.now();
    if (frame.startsGroup) this.#isStarved = false;
    if (this.#isTaken) this.#splicer.take(frame, now, this.#feed?.kinds);
    else this.#splicer.remember(frame, now);
  }

  #send(message: TimedMessage): void {
    if (message.isConfiguration && this.#feed) this.#options.send(metadataOf(this.#feed, message.timestamp));
    this.#options.send(message);
  }
}

function metadataOf({ tracks, kinds }: BroadcastFeed, timestamp: number): TimedMessage {
  const silent = kinds.includes('audio') ? [] : [SILENT_TRACK.track];
  const payload = writeStreamMetadata([...tracks, ...silent], ENCODER);
  return { type: MESSAGE.dataAmf0, timestamp, payload, startsGroup: false, isConfiguration: true };
}
