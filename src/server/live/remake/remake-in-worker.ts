import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Log } from '../../../channel/log.ts';
import { syncFolder } from '../../../disk/sync-folder.ts';
import type { RemadeRecording, RemakeTask } from './remake.ts';

/** What the thread says. */
export type RemakeMessage =
  | { readonly type: 'log'; readonly message: string; readonly reason: string | undefined }
  | { readonly type: 'made'; readonly recordings: readonly RemadeRecording[] }
  | { readonly type: 'failed'; readonly reason: string };

/** Milliseconds: the last frame of a session lasts as long as the one before it, or until the next one. */
const ROUNDING = 1000;
/** Memory of the thread for what is not in typed arrays, in megabytes. */
const MAX_HEAP = 128;

/** How recordings are made anew. */
export interface RemakeOptions {
  readonly log: Log;
  /** Milliseconds: what is shorter, all together, does not take the place of the old ones. */
  readonly shortest: number;
  /** Stops it: the old ones stay. */
  readonly signal: AbortSignal;
  /** One is whole, and `move` puts it in its place. */
  put(made: RemadeRecording, move: () => Promise<void>): Promise<void>;
}

/**
 * Makes recordings anew on a thread of its own, of the lowest priority, beside the ones that are there. Rejects when
 * they cannot be made, and the old ones stay.
 */
export async function remakeInWorker(task: RemakeTask, options: RemakeOptions): Promise<void> {
  const { folder, broadcast } = task;
  const { shortest, signal, put } = options;
  const aside = join(folder, `.remake-${broadcast}`);
  try {
    // What a process that died was making is of no use.
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside);
    const all = await run({ ...task, folder: aside }, options);
    const duration = all.reduce((sum, made) => sum + made.duration, 0);
    if (duration < shortest - ROUNDING) throw new Error('what was sent is less than what was recorded of it');
    for (const made of all) {
      signal.throwIfAborted();
      await put(made, async () => {
        const place = join(folder, made.id);
        await mkdir(place, { recursive: true });
        await rename(join(aside, made.id, 'media.mp4'), join(place, 'media.mp4'));
        // What it is made of may be deleted as soon as it is there.
        await syncFolder(place);
        await syncFolder(folder);
      });
    }
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

function run(task: RemakeTask, { log, signal }: RemakeOptions): Promise<readonly RemadeRecording[]> {
  const worker = new Worker(new URL('./remake-worker.ts', import.meta.url), {
    workerData: task,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP },
  });
  const stop = () => void worker.terminate();
  signal.addEventListener('abort', stop);
  const made = new Promise<readonly RemadeRecording[]>((settle, reject) => {
    worker.on('message', (message: RemakeMessage) => {
      if (message.type === 'made') settle(message.recordings);
      else if (message.type === 'failed') reject(new Error(message.reason));
      else log.warn({ broadcast: task.broadcast, reason: message.reason }, message.message);
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('its thread ended without an answer')));
  });
  return made.finally(() => signal.removeEventListener('abort', stop));
}
