import { Worker } from 'node:worker_threads';
import type { FinalisedFile } from './finalise.ts';

/** What is to be finalised. */
export interface FinaliseTask {
  readonly path: string;
  /** Bytes of the disk that stay free. */
  readonly minFree: number;
}

/** What came of it; where it is not `done` the fragmented file is as it was. */
export type FinaliseAnswer =
  | ({ readonly result: 'done' } & FinalisedFile)
  | { readonly result: 'no-room' | 'failed'; readonly message: string };

/** A finalisation that runs. Owned by who started it. */
export interface RunningFinalisation {
  /** Never rejects; undefined when it was stopped. */
  readonly answer: Promise<FinaliseAnswer | undefined>;
  /** Ends its thread; what it wrote aside may stay. Idempotent. */
  stop(): Promise<void>;
}

/** Memory of the thread for what is not in typed arrays, in megabytes. */
const MAX_HEAP = 128;

/**
 * Finalises on a thread of its own, of the lowest priority, with files read and written on that thread: it takes nothing
 * from the event loop nor from the pool of threads that live media is written by.
 */
export function finaliseInWorker(task: FinaliseTask): RunningFinalisation {
  const worker = new Worker(new URL('./finalise-worker.ts', import.meta.url), {
    workerData: task,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP },
  });
  // A server that stops need not wait for it: the next start goes on.
  worker.unref();
  let stopped = false;
  const answer = new Promise<FinaliseAnswer | undefined>((settle) => {
    worker.once('message', (message: FinaliseAnswer) => settle(message));
    worker.once('error', (error) => {
      settle({ result: 'failed', message: error instanceof Error ? error.message : String(error) });
    });
    worker.once('exit', () => {
      settle(stopped ? undefined : { result: 'failed', message: 'its thread ended without an answer' });
    });
  });
  return {
    answer,
    stop: async () => {
      stopped = true;
      await worker.terminate();
      await answer;
    },
  };
}
