/** Between two marks, in ms: what is asked is shown in seconds. */
const MARK_EVERY = 500;

/** Knows up to which moment a stream is stored: remembers when its bytes were made until they are acknowledged. */
export class SavedTime {
  #marks: { readonly offset: number; readonly time: number }[] = [];
  #startedAt: number | undefined;
  #value = 0;

  /** Milliseconds from the beginning; 0 before anything is stored. */
  get value(): number {
    return this.#value;
  }

  /** The stream begins now. */
  begin(now: number): void {
    this.#startedAt ??= now;
  }

  /** The stream has `end` bytes, and what they hold was captured by `now`. */
  written(end: number, now: number): void {
    this.#startedAt ??= now;
    const mark = { offset: end, time: now - this.#startedAt };
    const before = this.#marks.at(-2);
    if (before && mark.time - before.time < MARK_EVERY) this.#marks.pop();
    this.#marks.push(mark);
  }

  /** The first `offset` bytes are stored. */
  stored(offset: number): void {
    const kept = this.#marks.findIndex((mark) => mark.offset > offset);
    const stored = this.#marks.splice(0, kept < 0 ? this.#marks.length : kept).at(-1);
    if (stored) this.#value = stored.time;
  }
}
