import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Gives back what only the start needed, about 25 MB: V8 would keep it until the heap fills, which on a quiet server is
 * never. Takes some tens of milliseconds, once.
 */
export function releaseStartMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  // After that V8 would collect whenever 9 MB came in, buffers included: with publishers that is several times a second,
  // each time the whole heap, at up to half of the processor time that they cost. So it may double before.
  setFlagsFromString('--heap-growing-percent=100');
}
