import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { type RemakeTask, remake } from './remake.ts';
import type { RemakeMessage } from './remake-in-worker.ts';

const LOWEST_PRIORITY = 19;

/** On Linux a thread has a priority of its own; elsewhere it is the process's. */
if (process.platform === 'linux') setPriority(LOWEST_PRIORITY);

const tell = (message: RemakeMessage) => parentPort?.postMessage(message);
const log = { info: () => {}, warn: warn, error: warn };

function warn(fields: object, message: string): void {
  const reason = 'err' in fields && fields.err instanceof Error ? fields.err.message : undefined;
  tell({ type: 'log', message, reason });
}

try {
  tell({ type: 'made', recordings: await remake(workerData as RemakeTask, log) });
} catch (error) {
  tell({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
}
