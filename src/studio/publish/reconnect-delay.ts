import { type Milliseconds, milliseconds } from '../../media/time.ts';

const FIRST = 500;
const LONGEST = 8000;

/**
 * How long to wait before a reconnect: none for the first attempt after a loss, then 0.5 s doubling up to 8 s, of
 * which a random half is taken off so that publishers do not all come back at once.
 */
export function reconnectDelay(attempt: number, random: () => number): Milliseconds {
  if (attempt === 0) return milliseconds(0);
  const whole = Math.min(LONGEST, FIRST * 2 ** (attempt - 1));
  return milliseconds(Math.round(whole * (1 - random() / 2)));
}
