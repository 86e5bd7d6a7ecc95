import { createHash } from 'node:crypto';
import type { Broadcast } from '../../channel/broadcast.ts';
import type { Poster } from './poster.ts';

/** A poster that is shown while its broadcast is on. */
export interface LivePoster extends Poster {
  /** Quoted, as in the header. */
  readonly etag: string;
}

/** The posters of broadcasts that are on, recorded or not: one each, in memory until its end. */
export class LivePosters {
  readonly #posters = new Map<string, LivePoster>();

  /** Replaces the poster of a broadcast. */
  set(broadcast: Broadcast, poster: Poster): void {
    const { id } = broadcast.info;
    if (broadcast.state === 'ended') return;
    if (!this.#posters.has(id)) void broadcast.closed.then(() => this.#posters.delete(id));
    const etag = `"${createHash('sha256').update(poster.bytes).digest('base64url').slice(0, 22)}"`;
    this.#posters.set(id, { ...poster, etag });
  }

  /** Undefined where none was sent. */
  find(broadcast: string): LivePoster | undefined {
    return this.#posters.get(broadcast);
  }
}
