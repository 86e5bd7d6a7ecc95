import { statfs } from 'node:fs/promises';
import type { Clock, Timer } from '../../channel/clock.ts';
import { milliseconds } from '../../media/time.ts';

/** What a {@link DiskRoom} looks at. */
export interface DiskRoomOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Bytes that are to stay free. */
  readonly minFree: number;
  /** Answers the free bytes of the disk that a folder is on; by default the system's word. */
  measure?(folder: string): Promise<number>;
  /** There is less than is to stay free: called at each look. */
  onLow?(): void;
}

/** How old the answer may be: a stream of 50 Mbit/s writes 62 MB in that time. */
const INTERVAL = milliseconds(10_000);

/** How much room the disk of the recordings has, measured every ten seconds. A disk that does not say has enough. */
export class DiskRoom {
  readonly minFree: number;
  readonly #options: DiskRoomOptions;
  #free: number | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: DiskRoomOptions) {
    this.#options = options;
    this.minFree = options.minFree;
  }

  /** Bytes that were free at the last look; undefined when they could not be told. */
  get free(): number | undefined {
    return this.#free;
  }

  /** There is less room than is to stay free. */
  get isLow(): boolean {
    return this.#free !== undefined && this.#free < this.minFree;
  }

  /** Looks now, and again from time to time until `close`. Never rejects. */
  async watch(): Promise<void> {
    const { clock, onLow } = this.#options;
    const lacking = await this.measureLack();
    if (this.#closed) return;
    this.#timer = clock.after(INTERVAL, () => void this.watch());
    if (lacking > 0) onLow?.();
  }

  /** Looks now. Answers how many bytes more are to be free. Never rejects. */
  async measureLack(): Promise<number> {
    const { measure = freeBytes, folder } = this.#options;
    this.#free = await measure(folder).catch(() => undefined);
    return this.#free === undefined ? 0 : Math.max(0, this.minFree - this.#free);
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
