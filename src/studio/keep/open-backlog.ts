import type { Backlog } from '../publish/backlog.ts';
import { MemoryBacklog } from '../publish/memory-backlog.ts';
import { browserTiming } from '../publish/timing.ts';
import type { KeptInfo } from './kept-info.ts';
import { SpillBacklog } from './spill-backlog.ts';
import { canKeep, WorkerVault } from './worker-vault.ts';

/** Memory that a session may use although its bytes are on the disk too, for each gigabyte that the device has. */
const SPARE_PER_GIGABYTE = 4 * 1024 * 1024;
/** Browsers that do not tell are taken for this. */
const USUAL_GIGABYTES = 4;

/** A new session's backlog: one that outlives the tab, or in memory alone where the browser keeps nothing. */
export function openBacklog(info: KeptInfo): Backlog & { keepNow?(): void } {
  if (!canKeep()) return new MemoryBacklog();
  const { deviceMemory = USUAL_GIGABYTES } = navigator as { deviceMemory?: number };
  const spare = deviceMemory * SPARE_PER_GIGABYTE;
  return new SpillBacklog({ vault: new WorkerVault(info.session, info), timing: browserTiming, spare });
}
