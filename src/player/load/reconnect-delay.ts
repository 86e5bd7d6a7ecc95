import { type Milliseconds, milliseconds } from '../../media/time.ts';

const FIRST_SPREAD = 100;
const BASE = 500;
const LONGEST = 10_000;
const PATIENT_BASE = 15_000;
const PATIENT_LONGEST = 60_000;

/**
 * How long to wait before the next try to connect: the first comes at once (spread over a tenth of a second, for a
 * server that lost all its viewers in one moment), the others after 0.5 s, 1 s, 2 s … 10 s, each shortened by up to half.
 */
export function reconnectDelay(failures: number, random: () => number): Milliseconds {
  if (failures === 0) return milliseconds(random() * FIRST_SPREAD);
  const full = Math.min(LONGEST, BASE * 2 ** Math.min(failures - 1, 16));
  return milliseconds(full * (0.5 + random() / 2));
}

/** The same while something else plays: 15 s, 30 s, then every minute, each shortened by up to half. */
export function patientDelay(failures: number, random: () => number): Milliseconds {
  const full = Math.min(PATIENT_LONGEST, PATIENT_BASE * 2 ** Math.min(failures, 16));
  return milliseconds(full * (0.5 + random() / 2));
}
