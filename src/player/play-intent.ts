/** The part of a video element that starting it needs. */
export type StartedMedia = Pick<
  HTMLMediaElement,
  'play' | 'pause' | 'muted' | 'volume' | 'ended' | 'error' | 'readyState' | 'addEventListener'
>;

/**
 * Whether the viewer wants the picture to move, kept through changes of source. Where the browser allows no sound
 * without a click, it starts without; where it allows nothing, it waits for one.
 */
export class PlayIntent {
  readonly #media: StartedMedia;
  readonly #onChange: () => void;
  readonly #scope = new AbortController();
  #wanted = false;
  #mutedByBrowser = false;
  #blocked = false;

  /** `onChange` is called when any of what is told here changed. */
  constructor(media: StartedMedia, onChange: () => void) {
    this.#media = media;
    this.#onChange = onChange;
    const { signal } = this.#scope;
    media.addEventListener('play', () => this.#played(), { signal });
    media.addEventListener('pause', () => this.#paused(), { signal });
    media.addEventListener('volumechange', () => this.#volumeChanged(), { signal });
  }

  /** The picture is meant to move. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** The sound is off only because the browser wants a click first. */
  get mutedByBrowser(): boolean {
    return this.#mutedByBrowser;
  }

  /** Not even a silent picture may start without a click. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Wants it to move from now on, and starts it. */
  play(): void {
    this.#wanted = true;
    this.start();
  }

  /** Wants it to stand still. */
  pause(): void {
    this.#wanted = false;
    this.#media.pause();
    this.#onChange();
  }

  /** Starts what is wanted: to be called whenever there is a new source. */
  start(): void {
    if (this.#wanted) void this.#start();
  }

  /** Gives the sound back; to be called in a click. */
  unmute(): void {
    this.#media.muted = false;
    if (this.#media.volume === 0) this.#media.volume = 1;
    this.play();
  }

  /** Stops listening; idempotent. */
  close(): void {
    this.#scope.abort();
  }

  async #start(): Promise<void> {
    if (await this.#tryToPlay()) return;
    if (!this.#media.muted) {
      this.#mutedByBrowser = true;
      this.#media.muted = true;
      if (await this.#tryToPlay()) {
        this.#onChange();
        return;
      }
    }
    this.#blocked = true;
    this.#onChange();
  }

  /** False only when the browser forbids it: a change of source in between is no refusal. */
  async #tryToPlay(): Promise<boolean> {
    try {
      await this.#media.play();
      return true;
    } catch (error) {
      return !(error instanceof DOMException && error.name === 'NotAllowedError');
    }
  }

  #played(): void {
    this.#wanted = true;
    this.#blocked = false;
    this.#onChange();
  }

  /** A source that ends, fails or is exchanged pauses the element too: nobody asked for that. */
  #paused(): void {
    const { ended, error, readyState } = this.#media;
    if (ended || error || readyState === 0) return;
    this.#wanted = false;
    this.#onChange();
  }

  #volumeChanged(): void {
    if (this.#mutedByBrowser && !this.#media.muted) this.#mutedByBrowser = false;
    this.#onChange();
  }
}
