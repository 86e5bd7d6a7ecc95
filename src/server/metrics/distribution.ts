/** Upper bounds of the counts, in seconds: from a solid-state disk that is idle to a disk that hangs. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * How long something took, each time, as counts by length: a Prometheus histogram that costs nothing until somebody
 * asks for it.
 */
export class Distribution {
  readonly #counts = BOUNDS.map(() => 0);
  #count = 0;
  #sum = 0;

  /** Once more, in seconds. */
  add(seconds: number): void {
    this.#count += 1;
    this.#sum += seconds;
    const index = BOUNDS.findIndex((bound) => seconds <= bound);
    const count = this.#counts[index];
    if (count !== undefined) this.#counts[index] = count + 1;
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** All together, in seconds. */
  get sum(): number {
    return this.#sum;
  }

  /** How many took no longer than each bound, in seconds, shortest first. */
  get cumulative(): readonly { readonly bound: number; readonly count: number }[] {
    let count = 0;
    return BOUNDS.map((bound, index) => {
      count += this.#counts[index] ?? 0;
      return { bound, count };
    });
  }
}
