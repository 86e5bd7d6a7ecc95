import type { Log } from '../../channel/log.ts';
import type { StorageError } from '../../disk/storage-error.ts';
import type { SyncObserver } from '../../disk/sync-batch.ts';
import type { Milliseconds } from '../../media/time.ts';
import { Distribution } from './distribution.ts';

/** What syncing took: the observer of the server's SyncBatch. */
export class SyncFigures implements SyncObserver {
  /** From the start of a batch until a file of it was synced. */
  readonly latency = new Distribution();
  /** Of the oldest byte, when it became durable. */
  readonly age = new Distribution();
  readonly #log: Log;
  #failures = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Syncs that failed. */
  get failures(): number {
    return this.#failures;
  }

  synced(latency: Milliseconds, age: Milliseconds): void {
    this.latency.add(latency / 1000);
    this.age.add(age / 1000);
  }

  failed(error: StorageError): void {
    this.#failures += 1;
    this.#log.error({ err: error }, 'a sync failed: the disk may be failing, and the file is given up');
  }
}
