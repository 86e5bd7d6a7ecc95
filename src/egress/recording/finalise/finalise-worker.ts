import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { nodeFiles } from './files.ts';
import { finalise, NoRoomError } from './finalise.ts';
import type { FinaliseAnswer, FinaliseTask } from './finalise-in-worker.ts';

const LOWEST_PRIORITY = 19;

/** In milliseconds. */
const LONGEST_REST = 1000;

/** On Linux a thread has a priority of its own, which also ranks its reads and writes; elsewhere it is the process's. */
if (process.platform === 'linux') setPriority(LOWEST_PRIORITY);

const { path, minFree } = workerData as FinaliseTask;
const nothing = new Int32Array(new SharedArrayBuffer(4));
let workedSince = performance.now();

/** As long a rest as there was work: a disk that is slow, because others use it, is left to them longer. */
function rest(): void {
  Atomics.wait(nothing, 0, 0, Math.min(performance.now() - workedSince, LONGEST_REST));
  workedSince = performance.now();
}

parentPort?.postMessage(answer());

function answer(): FinaliseAnswer {
  try {
    return { result: 'done', ...finalise({ path, minFree, files: nodeFiles, rest }) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { result: error instanceof NoRoomError ? 'no-room' : 'failed', message };
  }
}
