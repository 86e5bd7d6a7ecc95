import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { DvrPosition } from '../source/rewind-source.ts';
import { timeText } from './status-text.ts';

/** Shorter than this there is nothing to go back to, in milliseconds. */
const SHORTEST = 10_000;
const SHORTEST_REPLAY = 2000;
const THUMB = 14;

/** The bar over how far back a viewer can go. The right end is live. */
export class ScrubBar {
  readonly #row: HTMLElement;
  readonly #input: HTMLInputElement;
  readonly #time: HTMLElement;
  #shown = false;
  #held = false;
  #end = 'live';

  /** `onSeek` is told the distance before the end that was chosen. */
  constructor(row: HTMLElement, onSeek: (behind: Milliseconds) => void) {
    this.#row = row;
    const [input, time] = [row.querySelector('input'), row.querySelector('span')];
    if (!input || !time) throw new Error('The scrub bar has no slider.');
    this.#input = input;
    this.#time = time;
    input.addEventListener('input', () => {
      this.#held = true;
      this.#describe();
      this.#showTime(Number(input.value));
    });
    input.addEventListener('change', () => {
      this.#held = false;
      this.#time.hidden = true;
      onSeek(this.#behind(Number(input.value)));
    });
    input.addEventListener('pointermove', (event) => this.#showTime(this.#valueAt(event)));
    for (const type of ['pointerleave', 'blur']) input.addEventListener(type, () => this.#leave());
  }

  /** There is enough to go back to. */
  static isFor(dvr: DvrPosition | undefined): boolean {
    return dvr !== undefined && dvr.length >= (dvr.complete ? SHORTEST_REPLAY : SHORTEST);
  }

  /** Shows where the picture is; undefined where there is nowhere to go back to. */
  render(dvr: DvrPosition | undefined): void {
    this.#end = dvr?.complete ? 'the end' : 'live';
    const shown = ScrubBar.isFor(dvr);
    if (shown !== this.#shown) this.#row.hidden = !shown;
    this.#shown = shown;
    if (!dvr || !shown || this.#held) return;
    const max = Math.floor(dvr.length / 1000);
    const value = Math.max(0, Math.round(max - dvr.behind / 1000));
    if (this.#input.max === String(max) && this.#input.value === String(value)) return;
    this.#input.max = String(max);
    this.#input.value = String(value);
    this.#describe();
  }

  #describe(): void {
    const value = Number(this.#input.value);
    const behind = this.#behind(value);
    this.#input.ariaValueText =
      behind === 0 ? capitalised(this.#end) : `${timeText(behind)} before ${this.#end}`;
    this.#input.style.setProperty('--_fill', `${(value / Math.max(1, Number(this.#input.max))) * 100}%`);
  }

  #behind(value: number): Milliseconds {
    return milliseconds((Number(this.#input.max) - value) * 1000);
  }

  #valueAt({ clientX }: PointerEvent): number {
    const { left, width } = this.#input.getBoundingClientRect();
    const share = (clientX - left - THUMB / 2) / Math.max(1, width - THUMB);
    return Math.round(Math.min(1, Math.max(0, share)) * Number(this.#input.max));
  }

  #showTime(value: number): void {
    const behind = this.#behind(value);
    const { offsetLeft, offsetWidth } = this.#input;
    const share = value / Math.max(1, Number(this.#input.max));
    const text = behind === 0 ? capitalised(this.#end) : `−${timeText(behind)}`;
    const room = text.length * 5 + 4;
    const at = offsetLeft + THUMB / 2 + share * (offsetWidth - THUMB);
    const within = Math.min(this.#row.clientWidth - room, Math.max(room, at));
    this.#time.textContent = text;
    this.#time.style.setProperty('--_at', `${within}px`);
    this.#time.hidden = false;
  }

  #leave(): void {
    if (!this.#held) this.#time.hidden = true;
  }
}

const capitalised = (words: string) => `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
