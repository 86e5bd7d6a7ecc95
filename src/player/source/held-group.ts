import { MediaError } from '../../media/media-error.ts';
import { bytes } from '../../media/time.ts';
import { type ChunkTracks, readChunkTracks, readPlayChunks, startsGroup } from '../buffer/read-chunks.ts';
import type { PlayEpoch } from '../load/play-connection.ts';

/** No group that a viewer could begin with is larger. */
const MOST = bytes(16 * 1024 * 1024);

/** The media that playing can begin with: the newest epoch and what came since its newest group began. */
export class HeldGroup {
  #epoch: PlayEpoch | undefined;
  #tracks: ChunkTracks = new Map();
  #messages: Uint8Array<ArrayBuffer>[] = [];
  #size = 0;

  /** What the messages are of; undefined before the first. */
  get epoch(): PlayEpoch | undefined {
    return this.#epoch;
  }

  /** Oldest first; begins with a group, or is empty. */
  get messages(): readonly Uint8Array<ArrayBuffer>[] {
    return this.#messages;
  }

  /** Other media follows. An init segment that cannot be read is held all the same: who plays it says what is wrong. */
  start(epoch: PlayEpoch): void {
    this.clear();
    this.#epoch = epoch;
    this.#tracks = readable(() => readChunkTracks(epoch.init)) ?? new Map();
  }

  /** Holds a message. Before the first group, after damage, and beyond 16 MiB of a group, nothing is held until the next. */
  add(message: Uint8Array<ArrayBuffer>): void {
    const chunks = readable(() => readPlayChunks(message, this.#tracks));
    if (!chunks || this.#size + message.length > MOST) {
      this.#forget();
      return;
    }
    if (chunks.some((chunk) => startsGroup(chunk, this.#tracks))) this.#forget();
    else if (this.#messages.length === 0) return;
    this.#messages.push(message);
    this.#size += message.length;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#epoch = undefined;
    this.#forget();
  }

  #forget(): void {
    this.#messages = [];
    this.#size = 0;
  }
}

/** Undefined for what is damaged. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MediaError) return undefined;
    throw error;
  }
}
