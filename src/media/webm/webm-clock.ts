import { MediaError } from '../media-error.ts';
import { type Ticks, type Timescale, ticks, timescale } from '../time.ts';

const NANOSECONDS = 1_000_000_000;
/** A hundred years: what no stream reaches, and every later conversion can still take exactly. */
const MAX_SECONDS = 3_200_000_000;

/** One Segment's units of time: its TimestampScale (RFC 9559 §11.1) as a timescale that loses nothing. */
export class WebmClock {
  /** Ticks in a second: 1000 for the default of 1,000,000 ns; finer where that scale does not divide a second. */
  readonly timescale: Timescale;
  readonly #ticksPerUnit: number;

  /** `scale`: nanoseconds in a unit. Throws MediaError `container-malformed`. */
  constructor(scale: number) {
    if (scale === 0) throw new MediaError('container-malformed', 'the WebM TimestampScale is 0');
    const divisor = greatestCommonDivisor(NANOSECONDS, scale);
    this.timescale = timescale(NANOSECONDS / divisor);
    this.#ticksPerUnit = scale / divisor;
  }

  /** Units of the TimestampScale as ticks. Throws MediaError `container-malformed` for what is beyond all time. */
  fromUnits(units: number): Ticks {
    return this.checked(units * this.#ticksPerUnit);
  }

  /** A number of ticks. Throws MediaError `container-malformed` for what is beyond all time. */
  checked(value: number): Ticks {
    if (Number.isSafeInteger(value) && Math.abs(value) <= MAX_SECONDS * this.timescale) return ticks(value);
    throw new MediaError('container-malformed', 'a WebM timestamp is beyond a hundred years');
  }

  /** Nanoseconds as ticks, to the nearest. */
  fromNanoseconds(nanoseconds: number): Ticks {
    return ticks(Math.round((nanoseconds / NANOSECONDS) * this.timescale));
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
