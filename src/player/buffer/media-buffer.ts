import { bytes, type Milliseconds, milliseconds } from '../../media/time.ts';
import type { PlayEpoch } from '../load/play-connection.ts';
import { AppendQueue } from './append-queue.ts';
import type { AvailableMediaSource } from './media-source-type.ts';
import {
  type ChunkTracks,
  type PlayChunk,
  readChunkTracks,
  readPlayChunks,
  startsGroup,
} from './read-chunks.ts';

/** This browser cannot play these codecs. The message is fit for the viewer. */
export class UnsupportedCodecError extends Error {
  override readonly name = 'UnsupportedCodecError';
  readonly code = 'unsupported-codec';

  constructor(codecs: readonly string[]) {
    super(`This browser cannot play this broadcast (${codecs.join(', ')}). Another browser may.`);
  }
}

/** A stretch of media that can be played, on the broadcast's timeline. */
export interface BufferedRange {
  readonly start: Milliseconds;
  readonly end: Milliseconds;
}

/** What the buffer tells. */
export interface MediaBufferEvents {
  /** What is buffered changed. */
  changed(): void;
  /** The video element got a new source, and has to be told to play again. */
  attached(): void;
  /** Chunks that were left out. */
  skipped(chunks: number): void;
  /** The browser gave up on the present source: {@link MediaBuffer.rebuild} makes a new one. */
  failed(): void;
}

/** The part of a video element that the buffer needs. */
export type BufferedMedia = Pick<
  HTMLMediaElement,
  'src' | 'currentTime' | 'disableRemotePlayback' | 'removeAttribute' | 'load'
>;

const MAX_QUEUED = bytes(16 * 1024 * 1024);
const KEPT_BEHIND = 10;
const TRIM_STEP = 5;
/** A player that stands still holds no more than this, in seconds. */
const KEPT_AHEAD = 30;

/** The media of a broadcast in a video element: one MediaSource with one SourceBuffer, made anew when it must be. */
export class MediaBuffer {
  readonly #media: BufferedMedia;
  readonly #available: AvailableMediaSource;
  readonly #events: MediaBufferEvents;
  #source: MediaSource | undefined;
  #sourceBuffer: SourceBuffer | undefined;
  #queue: AppendQueue | undefined;
  #broadcast: string | undefined;
  #epoch: PlayEpoch | undefined;
  #tracks: ChunkTracks = new Map();
  #ended = false;

  constructor(media: BufferedMedia, available: AvailableMediaSource, events: MediaBufferEvents) {
    this.#media = media;
    this.#available = available;
    this.#events = events;
  }

  /** What can be played now. */
  get ranges(): BufferedRange[] {
    const buffered = this.#source?.readyState === 'closed' ? undefined : this.#sourceBuffer?.buffered;
    return Array.from({ length: buffered?.length ?? 0 }, (_, index) => ({
      start: milliseconds((buffered?.start(index) ?? 0) * 1000),
      end: milliseconds((buffered?.end(index) ?? 0) * 1000),
    }));
  }

  /** Takes the init segment of what follows. Throws MediaError and UnsupportedCodecError. */
  startEpoch(broadcast: string, epoch: PlayEpoch): void {
    const tracks = readChunkTracks(epoch.init);
    if (!this.#available.type.isTypeSupported(epoch.mime)) {
      throw new UnsupportedCodecError(epoch.tracks.map(({ codec }) => codec));
    }
    const before = this.#epoch;
    const continues =
      this.#queue && !this.#ended && this.#broadcast === broadcast && isSameShape(this.#tracks, tracks);
    this.#broadcast = broadcast;
    this.#epoch = epoch;
    this.#tracks = tracks;
    if (continues) this.#queue?.init(epoch.init, epoch.mime === before?.mime ? undefined : epoch.mime);
    else this.#open(epoch, false);
  }

  /** Takes a message of whole chunks and says what was in it. Throws MediaError; then it goes on at the next group. */
  push(message: Uint8Array<ArrayBuffer>): PlayChunk[] {
    const queue = this.#queue;
    if (!queue) return [];
    try {
      const chunks = readPlayChunks(message, this.#tracks);
      for (const chunk of chunks) queue.push(chunk, startsGroup(chunk, this.#tracks));
      return chunks;
    } catch (error) {
      queue.awaitGroup();
      this.#events.skipped(1);
      throw error;
    }
  }

  /** Starts over in a new source at the next group: the present one failed. */
  rebuild(): void {
    if (this.#epoch) this.#open(this.#epoch, true);
  }

  /** Nothing follows: what is buffered plays to its end. */
  end(): void {
    this.#ended = true;
    this.#endWhenIdle();
  }

  /** Takes the media out of the video element; a new epoch starts again. */
  clear(): void {
    if (!this.#source) return;
    this.abandon();
    this.#media.removeAttribute('src');
    this.#media.load();
  }

  /** Leaves the video element to somebody else, as it is; a new epoch starts again. */
  abandon(): void {
    this.#detach();
    this.#broadcast = undefined;
    this.#epoch = undefined;
  }

  #open(epoch: PlayEpoch, awaitsGroup: boolean): void {
    this.#detach();
    this.#ended = false;
    const { type, managed } = this.#available;
    const source = new type();
    const queue = new AppendQueue(
      {
        maxBytes: MAX_QUEUED,
        position: () => this.#media.currentTime,
        events: {
          changed: () => this.#changed(),
          skipped: (chunks) => this.#events.skipped(chunks),
          failed: () => this.#events.failed(),
        },
      },
      awaitsGroup,
    );
    this.#source = source;
    this.#queue = queue;
    queue.init(epoch.init);
    source.addEventListener('sourceopen', () => this.#opened(source, epoch.mime), { once: true });
    if (managed) this.#media.disableRemotePlayback = true;
    const url = URL.createObjectURL(source);
    this.#media.src = url;
    source.addEventListener('sourceopen', () => URL.revokeObjectURL(url), { once: true });
    this.#events.attached();
  }

  #opened(source: MediaSource, mime: string): void {
    if (this.#source !== source) return;
    try {
      source.duration = Number.POSITIVE_INFINITY;
      this.#sourceBuffer = source.addSourceBuffer(mime);
    } catch {
      this.#events.failed();
      return;
    }
    this.#queue?.attach(this.#sourceBuffer);
  }

  #changed(): void {
    this.#trim();
    if (this.#ended) this.#endWhenIdle();
    this.#events.changed();
  }

  #trim(): void {
    const buffered = this.#sourceBuffer?.buffered;
    if (!buffered?.length) return;
    const end = buffered.end(buffered.length - 1);
    const keepFrom = Math.max(this.#media.currentTime - KEPT_BEHIND, end - KEPT_AHEAD);
    if (keepFrom - buffered.start(0) > TRIM_STEP) this.#queue?.trim(keepFrom);
  }

  #endWhenIdle(): void {
    if (this.#queue?.isIdle && this.#source?.readyState === 'open') this.#source.endOfStream();
  }

  #detach(): void {
    this.#queue?.close();
    this.#queue = undefined;
    this.#source = undefined;
    this.#sourceBuffer = undefined;
  }
}

function isSameShape(one: ChunkTracks, other: ChunkTracks): boolean {
  return one.size === other.size && [...one].every(([id, { kind }]) => other.get(id)?.kind === kind);
}
