import type { Clock } from '../../channel/clock.ts';
import type { Hub } from '../../channel/hub.ts';
import type { Log } from '../../channel/log.ts';
import { milliseconds } from '../../media/time.ts';

const INTERVAL = milliseconds(1000);

/** Logs what slow viewers were skipped over: the sum of each channel, at most once a second. */
export function logSkips(hub: Hub, clock: Clock, log: Log): void {
  let sums = new Map<string, { skips: number; chunks: number; bytes: number }>();
  const write = () => {
    const written = sums;
    sums = new Map();
    for (const [channel, sum] of written) log.warn({ channel, ...sum }, 'viewers too slow');
  };
  hub.readerSkipped.add(({ channel, chunks, bytes }) => {
    if (sums.size === 0) clock.after(INTERVAL, write);
    const sum = sums.get(channel) ?? { skips: 0, chunks: 0, bytes: 0 };
    sum.skips += 1;
    sum.chunks += chunks;
    sum.bytes += bytes;
    sums.set(channel, sum);
  });
}
