import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordingRecord, RecordingStore } from '../../store/recording-store.ts';
import { POSTER_MIMES, type Poster, type PosterMime, posterFileName } from './poster.ts';

/** The pictures of recordings: one in the folder of each that has one. */
export class RecordingPosters {
  readonly #recordings: Pick<RecordingStore, 'setPoster'>;
  readonly #folder: string;
  /** One after another: two must not write the same file at once. */
  #work: Promise<unknown> = Promise.resolve();

  /** `folder`: each recording is a folder in it. */
  constructor(recordings: Pick<RecordingStore, 'setPoster'>, folder: string) {
    this.#recordings = recordings;
    this.#folder = folder;
  }

  /** Replaces the poster of a recording that is listed. Throws what the disk says. */
  save(recording: string, poster: Poster): Promise<void> {
    const saved = this.#work.then(() => this.#save(recording, poster));
    this.#work = saved.catch(() => {});
    return saved;
  }

  /** Where a recording's poster is, and what it is; undefined when it has none. */
  find({ id, poster }: RecordingRecord): { readonly file: string; readonly mime: PosterMime } | undefined {
    const mime = POSTER_MIMES.find((known) => known === poster);
    return mime && { file: join(this.#folder, id, posterFileName(mime)), mime };
  }

  async #save(id: string, { mime, bytes }: Poster): Promise<void> {
    const folder = join(this.#folder, id);
    const file = posterFileName(mime);
    // Written aside: who reads it meanwhile gets the one before, whole.
    const partial = join(folder, 'poster.partial');
    await writeFile(partial, bytes);
    await rename(partial, join(folder, file));
    await this.#recordings.setPoster(id, mime);
    const others = POSTER_MIMES.filter((other) => other !== mime);
    await Promise.all(others.map((other) => rm(join(folder, posterFileName(other)), { force: true })));
  }
}
