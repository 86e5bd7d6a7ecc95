import type { Clock } from '../../channel/clock.ts';
import { MediaError } from '../../media/media-error.ts';
import { type Bytes, bytes, type Milliseconds, milliseconds } from '../../media/time.ts';
import { DeliveryError } from '../http/delivery-error.ts';
import { FragmentedMedia } from './fragmented-media.ts';
import { ProgressiveMedia } from './progressive-media.ts';
import { findMovie } from './read-movie.ts';
import { RecordedFile } from './recorded-file.ts';
import type { RecordedMedia } from './recorded-media.ts';
import type { ReplayRecording } from './replay.ts';

/** What a library is made with. */
export interface MediaLibraryOptions {
  readonly clock: Clock;
  /** Memory for what was found in files; 64 MiB by default. What is used goes beyond it where it has to. */
  readonly maxBytes?: Bytes;
}

/** A recording that somebody uses. */
export interface OpenMedia {
  readonly media: RecordedMedia;
  /** The caller's, to close. */
  readonly file: RecordedFile;
}

/** What is known of a file. */
interface Entry {
  readonly inode: number;
  readonly generation: number;
  readonly media: Promise<RecordedMedia>;
  /** Bytes of memory, once that is there. */
  held: number;
  /** Of a fragmented one: what was looked at last, and when. */
  size: number;
  ended: boolean;
  followedAt: Milliseconds;
  following: Promise<void>;
}

const MAX_BYTES = bytes(64 * 1024 * 1024);
/** A file that grows is looked at again after that long. */
const FOLLOW_INTERVAL = milliseconds(1000);

/** Recordings' files, cut into segments once for all who play them; those not used for longest are forgotten. */
export class MediaLibrary {
  readonly #clock: Clock;
  readonly #maxBytes: number;
  /** The one used last is the last. */
  readonly #entries = new Map<string, Entry>();

  constructor({ clock, maxBytes = MAX_BYTES }: MediaLibraryOptions) {
    this.#clock = clock;
    this.#maxBytes = maxBytes;
  }

  /**
   * Opens a recording; one that grows is as it was a second ago at most. Throws DeliveryError `media-not-found` where its
   * file is gone or cannot be cut into segments.
   */
  async open(recording: ReplayRecording): Promise<OpenMedia> {
    const file = await RecordedFile.open(recording.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw notFound();
      throw error;
    });
    try {
      const media = await this.#mediaOf(recording, file);
      return { media, file };
    } catch (error) {
      await file.close();
      if (error instanceof MediaError) throw notFound();
      throw error;
    }
  }

  async #mediaOf({ id, growing, generation }: ReplayRecording, file: RecordedFile): Promise<RecordedMedia> {
    const known = this.#entries.get(id);
    const isOfKnown = known?.generation === generation;
    const entry = known && isOfKnown && known.inode === file.inode ? known : this.#begin(file, generation);
    // Finalised it is the same media. Else it was made anew, and what was asked for is of the file before.
    if (isOfKnown && entry !== known && (await entry.media).form === 'fragmented') throw notFound();
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    try {
      const media = await entry.media;
      if (media instanceof FragmentedMedia) await this.#follow(entry, media, file, growing);
      entry.held = media.heldBytes;
      this.#forget();
      return media;
    } catch (error) {
      if (this.#entries.get(id) === entry) this.#entries.delete(id);
      throw error;
    }
  }

  #begin(file: RecordedFile, generation: number): Entry {
    return {
      inode: file.inode,
      generation,
      media: openMedia(file),
      held: 0,
      size: 0,
      ended: false,
      followedAt: milliseconds(Number.NEGATIVE_INFINITY),
      following: Promise.resolve(),
    };
  }

  async #follow(entry: Entry, media: FragmentedMedia, file: RecordedFile, growing: boolean): Promise<void> {
    const isDue = () => {
      if (entry.ended) return false;
      if (!growing) return true;
      return file.size > entry.size && this.#clock.now() - entry.followedAt >= FOLLOW_INTERVAL;
    };
    if (isDue()) {
      entry.following = entry.following.then(async () => {
        if (!isDue()) return;
        await media.follow(file, !growing);
        entry.size = file.size;
        entry.ended = !growing;
        entry.followedAt = this.#clock.now();
      });
    }
    await entry.following;
  }

  #forget(): void {
    const [last, ...others] = [...this.#entries].reverse();
    let held = last?.[1].held ?? 0;
    for (const [id, entry] of others) {
      held += entry.held;
      if (held > this.#maxBytes) this.#entries.delete(id);
    }
  }
}

async function openMedia(file: RecordedFile): Promise<RecordedMedia> {
  const movie = await findMovie(file);
  return movie.movie.extends.length > 0 ? new FragmentedMedia(movie) : await ProgressiveMedia.open(movie);
}

const notFound = () =>
  new DeliveryError('media-not-found', 'This recording is no more, or cannot be played so.');
