import type { SyncObserver } from '../../disk/sync-batch.ts';
import type { Milliseconds } from '../../media/time.ts';
import { Distribution } from './distribution.ts';

/** What syncing took: the observer of the server's SyncBatch. */
export class SyncFigures implements SyncObserver {
  /** From the start of a batch until a file of it was synced. */
  readonly latency = new Distribution();
  /** Of the oldest byte, when it became durable. */
  readonly age = new Distribution();
  #failures = 0;

  /** Syncs that failed. */
  get failures(): number {
    return this.#failures;
  }

  synced(latency: Milliseconds, age: Milliseconds): void {
    this.latency.add(latency / 1000);
    this.age.add(age / 1000);
  }

  failed(): void {
    this.#failures += 1;
  }
}
