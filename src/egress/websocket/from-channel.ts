import type { BroadcastInfo } from '../../channel/broadcast.ts';
import type { Channel } from '../../channel/channel.ts';
import type { Clock, Timer } from '../../channel/clock.ts';
import type { Reader, ReaderItem, ReaderOptions } from '../../channel/reader.ts';
import type { Chunk, Epoch } from '../../media/chunk.ts';
import type { Milliseconds } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import type { PlayServerMessage, PlayTrack } from '../../wire/play.ts';
import { binaryFrame, textFrame } from './frame.ts';

/** What a reader is told beside its chunks. */
export type ReaderEvent = Exclude<ReaderItem, { type: 'chunk' }>;

/** A viewer as the channel's feed sees it. */
export interface FeedMember {
  /** There may be something to read. Must not throw. */
  pump(): void;
}

const frameOf = (message: PlayServerMessage): Buffer => textFrame(message);

const OFFLINE = frameOf({ type: 'offline' });
const RESUMED = frameOf({ type: 'resumed' });
const ENDED = frameOf({ type: 'ended' });
/** Goes before the `tracks` of an epoch that is not a viewer's first of its broadcast. */
export const DISCONTINUITY = frameOf({ type: 'discontinuity' });

/** The frame made last for a key: all viewers of a channel ask for the same one in turn. */
class LastFrame<Key> {
  #key: Key | undefined;
  #frame: Buffer | undefined;

  get(key: Key, make: (key: Key) => Buffer): Buffer {
    if (this.#frame && this.#key === key) return this.#frame;
    this.#key = key;
    this.#frame = make(key);
    return this.#frame;
  }
}

/**
 * A channel as WebSocket frames: each event, init segment and newest chunk is framed once and written to every
 * viewer as the same bytes. Made with the first viewer of a channel.
 */
export class ChannelFeed {
  readonly channel: Channel;
  readonly #clock: Clock;
  readonly #mergeWindow: Milliseconds;
  readonly #rewindable: ((broadcast: BroadcastInfo) => boolean) | undefined;
  readonly #live = new LastFrame<BroadcastInfo>();
  readonly #epoch = new LastFrame<Epoch>();
  readonly #interrupted = new LastFrame<number>();
  readonly #viewers = new LastFrame<number>();
  readonly #newest = new LastFrame<Chunk>();
  #newestRun = new LastFrame<Chunk | undefined>();
  #runFrom: Chunk | undefined;
  #waiting: FeedMember[] = [];
  #timer: Timer | undefined;
  #members = 0;

  /** `mergeWindow`: how long chunks are gathered before they are sent as one message; 0 for not at all. */
  constructor(
    channel: Channel,
    clock: Clock,
    mergeWindow: Milliseconds,
    rewindable?: (broadcast: BroadcastInfo) => boolean,
  ) {
    this.channel = channel;
    this.#clock = clock;
    this.#mergeWindow = mergeWindow;
    this.#rewindable = rewindable;
  }

  /** Chunks are to be gathered into one message where several are ready. */
  get merges(): boolean {
    return this.#mergeWindow > 0;
  }

  /** How many viewers it has; the last to leave ends it. */
  get members(): number {
    return this.#members;
  }

  /** Opens a viewer's reader; `leave` ends it. */
  join(member: FeedMember, options: Omit<ReaderOptions, 'onReadable'>): Reader {
    this.#members += 1;
    const onReadable = this.merges ? () => this.#gather(member) : () => member.pump();
    return this.channel.read({ ...options, onReadable });
  }

  /** Closes a viewer's reader. */
  leave(reader: Reader): void {
    reader.close();
    this.#members -= 1;
    if (this.#members > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting = [];
  }

  /** The frames of an event: one message, or `tracks` and the init segment. */
  eventFrame(event: ReaderEvent): Buffer {
    switch (event.type) {
      case 'offline':
        return OFFLINE;
      case 'resumed':
        return RESUMED;
      case 'ended':
        return ENDED;
      case 'live':
        return this.#live.get(event.broadcast, (broadcast) => liveFrame(broadcast, this.#rewindable));
      case 'epoch':
        return this.#epoch.get(event.epoch, epochFrames);
      case 'interrupted':
        return this.#interrupted.get(event.grace, interruptedFrame);
      case 'viewers':
        return this.#viewers.get(event.count, viewersFrame);
      case 'skipped':
        return frameOf({ type: 'skipped', chunks: event.chunks, bytes: event.bytes });
    }
  }

  /** The newest chunk as a message: copied behind its header once for the many viewers that are at this place. */
  newestFrame(chunk: Chunk): Buffer {
    return this.#newest.get(chunk, chunkFrame);
  }

  /** The same for the newest chunks in one message. */
  newestRunFrame(run: readonly Chunk[], length: number): Buffer {
    const first = run[0];
    if (this.#runFrom !== first) {
      // Another run may end with the same chunk: it is not the same message.
      this.#runFrom = first;
      this.#newestRun = new LastFrame();
    }
    return this.#newestRun.get(run[run.length - 1], () =>
      binaryFrame(
        run.map(({ bytes }) => bytes),
        length,
      ),
    );
  }

  #gather(member: FeedMember): void {
    this.#waiting.push(member);
    this.#timer ??= this.#clock.after(this.#mergeWindow, this.#flush);
  }

  readonly #flush = (): void => {
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const member of waiting) member.pump();
  };
}

const liveFrame = (
  info: BroadcastInfo,
  rewindable: ((broadcast: BroadcastInfo) => boolean) | undefined,
): Buffer => {
  const { id: broadcast, startedAt, title } = info;
  return frameOf({ type: 'live', broadcast, startedAt, title, ...(rewindable && { dvr: rewindable(info) }) });
};

const interruptedFrame = (grace: number): Buffer => frameOf({ type: 'interrupted', grace });

const viewersFrame = (count: number): Buffer => frameOf({ type: 'viewers', count });

const chunkFrame = ({ bytes }: Chunk): Buffer => binaryFrame([bytes], bytes.byteLength);

const epochFrames = ({ index, mime, tracks, init }: Epoch): Buffer =>
  Buffer.concat([
    frameOf({ type: 'tracks', epoch: index, mime, tracks: tracks.map(playTrack) }),
    binaryFrame([init], init.byteLength),
  ]);

function playTrack(track: Track): PlayTrack {
  const { kind, codecString: codec } = track;
  return kind === 'video'
    ? { kind, codec, width: track.width, height: track.height }
    : { kind, codec, sampleRate: track.sampleRate, channels: track.channels };
}
