import { rm } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Clock } from '../../channel/clock.ts';
import { partialFileOf } from '../../egress/recording/finalise/finalise.ts';
import {
  type FinaliseAnswer,
  type FinaliseTask,
  finaliseInWorker,
  type RunningFinalisation,
} from '../../egress/recording/finalise/finalise-in-worker.ts';
import type { FinalisationState, RecordingRecord, RecordingStore } from '../../store/recording-store.ts';

/** What recordings are finalised with. */
export interface FinaliserOptions {
  readonly recordings: RecordingStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes of the disk that stay free. */
  readonly minFree: number;
  fileOf(id: string): string;
  /** Their recordings wait: a start of the server may have to go on with one that was complete. */
  broadcastsOn(): Iterable<string>;
  /** By default on a thread of its own. */
  finalise?(task: FinaliseTask): RunningFinalisation;
}

/** What came of finalisations since the start. */
export interface FinaliserCounts {
  readonly results: Readonly<Record<Exclude<FinalisationState, 'waiting'>, number>>;
  /** Milliseconds that those which are done took. */
  readonly time: number;
}

/**
 * Makes finished recordings progressive, one after another, the oldest first. Which ones wait is in the database: there is
 * no queue to lose or to bound. What is interrupted waits again.
 */
export class Finaliser {
  readonly #options: FinaliserOptions;
  readonly #results = { done: 0, 'no-room': 0, failed: 0 };
  /** Recordings that somebody else has at the moment. */
  readonly #heldOff = new Map<string, Promise<void>>();
  #time = 0;
  #running: { readonly id: string; readonly task: RunningFinalisation } | undefined;
  #work: Promise<void> = Promise.resolve();
  #busy = false;
  #retriedFailures = false;
  #again = false;
  #closed = false;

  constructor(options: FinaliserOptions) {
    this.#options = options;
  }

  get counts(): FinaliserCounts {
    return { results: this.#results, time: this.#time };
  }

  /**
   * Recordings may wait, or have room that they had not. What failed otherwise is tried once more in each process: a disk
   * that was mended is worth a look, a broken file not another one every few minutes.
   */
  wake(): void {
    if (this.#closed) return;
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#again = false;
    this.#busy = true;
    this.#work = this.#finaliseAll()
      .catch((error: unknown) => this.#options.logger.error({ err: error }, 'finalising failed'))
      .finally(() => {
        this.#busy = false;
        if (this.#again) this.wake();
      });
  }

  /** Settles when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#busy) await this.#work;
  }

  /** Does something to a recording's files that nobody finalises meanwhile; one after another for a recording. */
  async holdOff<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#heldOff.get(id);
    const { promise: done, resolve } = Promise.withResolvers<void>();
    this.#heldOff.set(id, done);
    try {
      await before;
      if (this.#running?.id === id) await this.#running.task.stop();
      return await work();
    } finally {
      if (this.#heldOff.get(id) === done) this.#heldOff.delete(id);
      resolve();
    }
  }

  /** Stops what runs: the next start goes on. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running?.task.stop();
    await this.#work;
  }

  async #finaliseAll(): Promise<void> {
    const { recordings, broadcastsOn } = this.#options;
    await recordings.retryFinalising(this.#retriedFailures ? ['no-room'] : ['no-room', 'failed']);
    this.#retriedFailures = true;
    for (;;) {
      if (this.#closed) return;
      const next = await recordings.nextToFinalise([...this.#heldOff.keys()], [...broadcastsOn()]);
      if (!next || this.#closed) return;
      if (!this.#heldOff.has(next.id)) await this.#finalise(next);
    }
  }

  async #finalise({ id }: RecordingRecord): Promise<void> {
    const { clock, fileOf, minFree, finalise = finaliseInWorker } = this.#options;
    const path = fileOf(id);
    // What a process that died was writing is in the way of the room that is looked for.
    await rm(partialFileOf(path), { force: true });
    if (this.#closed || this.#heldOff.has(id)) return;
    const startedAt = clock.now();
    const task = finalise({ path, minFree });
    this.#running = { id, task };
    const answer = await task.answer;
    this.#running = undefined;
    if (answer) await this.#settle(id, answer, clock.now() - startedAt);
  }

  async #settle(id: string, answer: FinaliseAnswer, time: number): Promise<void> {
    const { recordings, logger } = this.#options;
    this.#results[answer.result] += 1;
    if (answer.result === 'done') {
      this.#time += time;
      const duration = Math.round(answer.duration);
      await recordings.finalised(id, { size: answer.size, duration });
      logger.info({ recording: id, size: answer.size, took: Math.round(time) }, 'a recording is finalised');
      return;
    }
    await recordings.notFinalised(id, answer.result);
    logger.warn({ recording: id, reason: answer.message }, 'a recording stays fragmented');
  }
}
