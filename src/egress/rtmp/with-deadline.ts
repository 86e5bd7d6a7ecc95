import type { Clock } from '../../channel/clock.ts';
import type { Milliseconds } from '../../media/time.ts';

/** Calls with a signal that is aborted after a while, or by the controller. */
export async function withDeadline<T>(
  clock: Clock,
  timeout: Milliseconds,
  call: (signal: AbortSignal) => Promise<T>,
  abort = new AbortController(),
): Promise<T> {
  const timer = clock.after(timeout, () => abort.abort());
  try {
    return await call(abort.signal);
  } finally {
    timer.cancel();
  }
}
