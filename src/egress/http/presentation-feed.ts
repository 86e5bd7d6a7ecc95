import type { Broadcast, BroadcastTap } from '../../channel/broadcast.ts';
import type { Group } from '../../channel/group-buffer.ts';
import type { Chunk, Epoch } from '../../media/chunk.ts';
import { Presentation, type PresentationOptions } from './presentation.ts';

/** How a broadcast is presented. */
export interface PresentationFeedOptions extends PresentationOptions {
  newPresentationId(): string;
  /** Told of each presentation, before anything is in it. */
  onBegun(presentation: Presentation): void;
  /** Told of each presentation that ended. */
  onEnded(presentation: Presentation): void;
}

/**
 * Presents a broadcast, from what its group buffer holds on: one presentation, and another one whenever a track is
 * added or gone, which no player could follow (video only, then video and audio).
 */
export class PresentationFeed implements BroadcastTap {
  readonly #broadcast: Broadcast;
  readonly #options: PresentationFeedOptions;
  #presentation: Presentation | undefined;
  #kinds = '';
  #epoch: Epoch | undefined;
  readonly #untap: () => void;

  constructor(broadcast: Broadcast, options: PresentationFeedOptions) {
    this.#broadcast = broadcast;
    this.#options = options;
    for (const { epoch, items } of heldGroups(broadcast)) {
      this.epoch(epoch);
      for (const { chunk } of items) this.chunk(chunk);
    }
    this.#untap = broadcast.tap(this);
  }

  /** The one that grows; undefined where the present epoch has no tracks. */
  get presentation(): Presentation | undefined {
    return this.#presentation;
  }

  /** For {@link Broadcast}. */
  epoch(epoch: Epoch): void {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    const kinds = epoch.tracks.map(({ kind }) => kind).join();
    if (!this.#presentation || kinds !== this.#kinds) {
      this.#endPresentation();
      this.#kinds = kinds;
      const id = this.#options.newPresentationId();
      this.#presentation = new Presentation(id, this.#broadcast.info, this.#options);
      this.#options.onBegun(this.#presentation);
    }
    this.#presentation.epoch(epoch);
  }

  /** For {@link Broadcast}. */
  chunk(chunk: Chunk): void {
    this.#presentation?.chunk(chunk);
  }

  /** For {@link Broadcast}, and to let go of it; idempotent. */
  end(): void {
    this.#untap();
    this.#endPresentation();
  }

  #endPresentation(): void {
    const presentation = this.#presentation;
    this.#presentation = undefined;
    if (!presentation) return;
    presentation.end();
    this.#options.onEnded(presentation);
  }
}

/** Oldest first. */
function heldGroups({ buffer }: Broadcast): Group[] {
  const groups: Group[] = [];
  let group = buffer.newest;
  while (group) {
    groups.unshift(group);
    group = buffer.group(group.sequence - 1);
  }
  return groups;
}
