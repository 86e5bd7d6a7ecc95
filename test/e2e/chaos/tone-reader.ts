import { COUNTED_TONES } from '../support/test-camera.ts';

/** Samples a second that a {@link ToneReader} takes. */
export const TONE_RATE = 48_000;
/** Samples a step: 5 ms. */
const STEP = 240;
/** Samples that a pitch is looked for in: 20 ms, which tells 125 Hz apart. */
const WINDOW = 960;
/** Sound that is weaker than this is no tone. */
const FAINT = 300;
/** A tone that is heard for fewer steps is none: a click, a concealed packet. */
const SHORTEST = 10;
/** So long after the tone before, in ms, a tone begins at the latest. */
const SEAMLESS = 20;
/** Sound that comes at another time than what was before it ends is another piece, in ms. */
const SEAM = 2;

/** One counted tone of the test camera. */
export interface HeardTone {
  /** From 0: which of the pitches. */
  readonly index: number;
  /** When it begins, in ms. */
  readonly time: number;
}

/** Finds where counted tones begin, to about 3 ms. Sound is given in pieces, in order, each with its time. */
export class ToneReader {
  readonly tones: HeardTone[] = [];
  /** Behind the last sound, in ms. */
  end = Number.NaN;
  /** Sound that is not looked at yet, and when it begins. */
  #rest = new Int16Array(0);
  /** The last tone that stayed, and when it was heard last. */
  #steady: { readonly index: number; until: number } | undefined;
  /** What is heard now, and since when. */
  #heard: { readonly index: number | undefined; readonly time: number; steps: number } | undefined;

  /** Looks at the next sound, which begins at `time`, in ms. */
  read(samples: Int16Array, time: number): void {
    const gapless = Math.abs(time - this.end) <= SEAM;
    const before = gapless ? this.#rest : new Int16Array(0);
    const joined = new Int16Array(before.length + samples.length);
    joined.set(before);
    joined.set(samples, before.length);
    const start = time - (before.length / TONE_RATE) * 1000;
    let at = 0;
    for (; at + WINDOW <= joined.length; at += STEP) {
      const middle = start + ((at + WINDOW / 2) / TONE_RATE) * 1000;
      this.#hear(pitchOf(joined.subarray(at, at + WINDOW)), middle);
    }
    this.#rest = joined.slice(at);
    this.end = time + (samples.length / TONE_RATE) * 1000;
  }

  /** A tone counts from the middle of the first window that is mostly of it, once it stays. */
  #hear(index: number | undefined, time: number): void {
    if (!this.#heard || this.#heard.index !== index) this.#heard = { index, time, steps: 0 };
    const heard = this.#heard;
    heard.steps += 1;
    if (index === undefined || heard.steps < SHORTEST) return;
    const before = this.#steady;
    this.#steady = { index, until: time };
    if (heard.steps > SHORTEST || !before || before.index === index) return;
    // One that begins where sound was lost begins nobody knows when.
    if (heard.time - before.until <= SEAMLESS) this.tones.push({ index, time: heard.time });
  }
}

/** Which tone is loudest in a window; undefined where there is none. */
function pitchOf(window: Int16Array): number | undefined {
  let best: number | undefined;
  let loudest = FAINT * (window.length / 2);
  for (let index = 0; index < COUNTED_TONES.count; index += 1) {
    const loudness = loudnessAt(window, COUNTED_TONES.lowest + index * COUNTED_TONES.step);
    if (loudness <= loudest) continue;
    loudest = loudness;
    best = index;
  }
  return best;
}

/** Goertzel's algorithm: the amplitude of one frequency, times half the window. */
function loudnessAt(window: Int16Array, frequency: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / TONE_RATE);
  let [before, last] = [0, 0];
  for (const sample of window) {
    const next = sample + coefficient * last - before;
    before = last;
    last = next;
  }
  return Math.sqrt(last * last + before * before - coefficient * last * before);
}
