/** Samples that are kept: with one every half second, those of the last five seconds. */
const SAMPLES = 11;

/** Bits a second over the last seconds, from a count of bytes that only grows. */
export class RateWindow {
  #samples: { readonly at: number; readonly bytes: number }[] = [];

  add(at: number, bytes: number): void {
    this.#samples.push({ at, bytes });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  get bitrate(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.at === first.at) return 0;
    return Math.round(((last.bytes - first.bytes) * 8 * 1000) / (last.at - first.at));
  }

  clear(): void {
    this.#samples = [];
  }
}
