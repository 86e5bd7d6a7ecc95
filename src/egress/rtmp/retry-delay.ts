import { type Milliseconds, milliseconds } from '../../media/time.ts';

const LEAST = 1000;
const MOST = 30_000;

/** How long to wait before the next attempt after so many failed ones: none after none, then 1 s to 30 s, never in step with others. */
export function retryDelay(failures: number, random: number): Milliseconds {
  if (failures === 0) return milliseconds(0);
  const base = Math.min(MOST, LEAST * 2 ** (failures - 1));
  return milliseconds(Math.round(Math.min(MOST, Math.max(LEAST, base * (0.75 + random / 2)))));
}
