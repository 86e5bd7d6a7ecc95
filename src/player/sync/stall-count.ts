/** Counts how often a playing picture stood still for want of media. */
export class StallCount {
  readonly #scope = new AbortController();
  #count = 0;
  #playing = false;

  constructor(media: Pick<HTMLMediaElement, 'seeking' | 'paused' | 'addEventListener'>) {
    const { signal } = this.#scope;
    media.addEventListener(
      'playing',
      () => {
        this.#playing = true;
      },
      { signal },
    );
    for (const type of ['emptied', 'seeking']) {
      media.addEventListener(
        type,
        () => {
          this.#playing = false;
        },
        { signal },
      );
    }
    media.addEventListener(
      'waiting',
      () => {
        if (this.#playing && !media.seeking && !media.paused) this.#count += 1;
        this.#playing = false;
      },
      { signal },
    );
  }

  get count(): number {
    return this.#count;
  }

  /** Stops counting; idempotent. */
  close(): void {
    this.#scope.abort();
  }
}
