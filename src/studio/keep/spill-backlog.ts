import { type Milliseconds, milliseconds } from '../../media/time.ts';
import { type Backlog, BacklogFullError } from '../publish/backlog.ts';
import type { Timing } from '../publish/timing.ts';
import { type Vault, VaultError } from './vault.ts';

const MEBIBYTE = 1024 * 1024;
/** Of bytes that the vault does not take: about eight minutes at 4 Mbit/s. */
const MEMORY_LIMIT = 256 * MEBIBYTE;
/** What has the vault's copy stays in memory too, up to this, so that a short cut costs no reading. */
const SPARE_MEMORY = 16 * MEBIBYTE;
/** A piece that is not acknowledged by then is written. With the time between two looks, all is kept within 1 s. */
const PATIENCE = 500;
const LOOK_EVERY = milliseconds(250);
/** After the vault failed. */
const RETRY_EVERY = 2000;

/** How a backlog spills. */
export interface SpillOptions {
  readonly vault: Vault;
  readonly timing: Timing;
  /** Bytes that stay in memory although the vault has them; 16 MiB by default. */
  readonly spare?: number;
  /** Bytes that memory may hold when the vault takes no more; 256 MiB by default. */
  readonly limit?: number;
  /** What the vault has already, of a session that was left behind. */
  readonly kept?: { readonly start: number; readonly end: number };
}

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly at: Milliseconds;
}

/**
 * A {@link Backlog} in memory first, and in a vault whatever is not acknowledged within a second: it outlives the tab, and
 * memory holds no more than its bound. Where the vault fails, memory holds all, up to a larger bound.
 */
export class SpillBacklog implements Backlog {
  readonly #options: SpillOptions;
  readonly #spare: number;
  readonly #limit: number;
  #pieces: Piece[] = [];
  #start: number;
  #end: number;
  /** Behind the last byte that the vault has. */
  #stored: number;
  /** Before the first byte that the vault has. */
  #released: number;
  #writing = false;
  #failure: VaultError | undefined;
  #retryAt = 0;
  #timer: { cancel(): void } | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: SpillOptions) {
    this.#options = options;
    this.#spare = options.spare ?? SPARE_MEMORY;
    this.#limit = options.limit ?? MEMORY_LIMIT;
    this.#start = options.kept?.start ?? 0;
    this.#end = options.kept?.end ?? 0;
    this.#stored = this.#end;
    this.#released = this.#start;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  append(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.byteLength === 0 || this.#closed !== undefined) return;
    if (this.#inMemory + bytes.byteLength > this.#limit) {
      throw new BacklogFullError(this.#limit, this.#failure?.code === 'quota');
    }
    this.#pieces.push({ offset: this.#end, bytes, at: this.#options.timing.now() });
    this.#end += bytes.byteLength;
    // Timers of a hidden tab may be a minute late; pieces are not.
    this.#look();
  }

  async read(offset: number, most: number): Promise<Uint8Array<ArrayBuffer>> {
    if (offset < this.#start || offset >= this.#end) {
      throw new RangeError(`Offset ${offset} is not within ${this.#start}–${this.#end}`);
    }
    const piece = this.#pieces[this.#indexOf(offset)];
    if (piece && offset >= piece.offset) {
      const from = offset - piece.offset;
      return piece.bytes.subarray(from, from + most);
    }
    return await this.#options.vault.read(offset, Math.min(most, this.#memoryStart - offset));
  }

  release(offset: number): void {
    if (offset <= this.#start) return;
    this.#start = Math.min(offset, this.#end);
    const kept = this.#start === this.#end ? this.#pieces.length : this.#indexOf(this.#start);
    if (kept > 0) this.#pieces.splice(0, kept);
    this.#schedule();
  }

  /** Writes all that is not written yet: the page may be gone at any moment. */
  keepNow(): void {
    if (this.#closed === undefined) void this.#write(Infinity);
  }

  close(keep = false): Promise<void> {
    this.#closed ??= this.#close(keep && this.#start < this.#end);
    return this.#closed;
  }

  async #close(keep: boolean): Promise<void> {
    this.#timer?.cancel();
    const { vault } = this.#options;
    if (keep) {
      const rest = this.#unwritten(Infinity);
      try {
        await vault.release(this.#start);
        if (rest[0]) await vault.write(rest[0].offset, bytesOf(rest));
      } catch {
        // What could not be kept is lost with this page; its owner was told that the disk is full.
      }
    }
    this.#pieces = [];
    this.#start = this.#end;
    await (keep ? vault.close() : vault.discard()).catch(() => {});
  }

  get #memoryStart(): number {
    return this.#pieces[0]?.offset ?? this.#end;
  }

  get #inMemory(): number {
    return this.#end - this.#memoryStart;
  }

  /** Pieces that the vault does not have and that came before that time. */
  #unwritten(before: number): Piece[] {
    const from = this.#stored > this.#memoryStart ? this.#indexOf(this.#stored) : 0;
    const rest = this.#stored >= this.#end ? [] : this.#pieces.slice(from);
    const young = rest.findIndex(({ at }) => at > before);
    return young < 0 ? rest : rest.slice(0, young);
  }

  #look(): void {
    const isMuch = this.#inMemory > this.#spare;
    void this.#write(isMuch ? Infinity : this.#options.timing.now() - PATIENCE);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer || this.#closed !== undefined) return;
    // The vault has nothing of what was acknowledged in time.
    if (this.#stored <= this.#released) this.#released = this.#start;
    const isWritten = Math.max(this.#stored, this.#start) >= this.#end;
    if (isWritten && this.#released >= this.#start) return;
    this.#timer = this.#options.timing.after(LOOK_EVERY, () => {
      this.#timer = undefined;
      this.#tellReleased();
      this.#look();
    });
  }

  #tellReleased(): void {
    if (this.#released >= this.#start || this.#stored <= this.#released) return;
    this.#released = this.#start;
    this.#options.vault.release(this.#start).catch((error: unknown) => this.#fail(error));
  }

  async #write(before: number): Promise<void> {
    if (this.#writing || this.#options.timing.now() < this.#retryAt) return;
    const pieces = this.#unwritten(before);
    const first = pieces[0];
    const last = pieces.at(-1);
    if (!first || !last) return;
    this.#writing = true;
    try {
      await this.#options.vault.write(first.offset, bytesOf(pieces));
      this.#stored = Math.max(this.#stored, last.offset + last.bytes.byteLength);
      this.#failure = undefined;
      this.#forgetSpare();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#writing = false;
    }
  }

  /** Memory gives up what the vault has, the oldest first, down to its bound. */
  #forgetSpare(): void {
    let count = 0;
    let held = this.#inMemory;
    for (const { offset, bytes } of this.#pieces) {
      if (held <= this.#spare || offset + bytes.byteLength > this.#stored) break;
      held -= bytes.byteLength;
      count += 1;
    }
    if (count > 0) this.#pieces.splice(0, count);
  }

  #fail(error: unknown): void {
    this.#failure = error instanceof VaultError ? error : new VaultError('unavailable', String(error));
    this.#retryAt = this.#options.timing.now() + RETRY_EVERY;
  }

  /** The index of the piece that holds the byte at `offset`. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#pieces[middle]?.offset ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

const bytesOf = (pieces: readonly Piece[]) => pieces.map(({ bytes }) => bytes);
