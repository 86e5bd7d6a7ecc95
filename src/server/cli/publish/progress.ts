import type { Writable } from 'node:stream';
import type { Clock } from '../../../channel/clock.ts';

/** What is shown of a file that is being published. */
export interface ProgressState {
  readonly state: 'connecting' | 'live' | 'reconnecting' | 'ending';
  /** Bytes that the server has stored, of `size`. */
  readonly stored: number;
  readonly size: number;
  readonly viewers: number;
  /** Bits a second, as the server measured. */
  readonly bitrate: number;
  /** How often the file was begun. */
  readonly round: number;
}

const TTY_INTERVAL = 250;
const LINE_INTERVAL = 5_000;
const BAR = 24;

/** Shows progress: one line that is written over on a terminal, a line on each change of state and now and then elsewhere. */
export class Progress {
  readonly #out: Writable & { readonly isTTY?: boolean };
  readonly #clock: Clock;
  #shownAt = Number.NEGATIVE_INFINITY;
  #shownState = '';
  #open = false;

  constructor(out: Writable & { readonly isTTY?: boolean }, clock: Clock) {
    this.#out = out;
    this.#clock = clock;
  }

  show(progress: ProgressState): void {
    const now = this.#clock.now();
    const interval = this.#out.isTTY ? TTY_INTERVAL : LINE_INTERVAL;
    if (progress.state === this.#shownState && now - this.#shownAt < interval) return;
    this.#shownAt = now;
    this.#shownState = progress.state;
    const text = format(progress, this.#out.isTTY ?? false);
    this.#open = this.#out.isTTY ?? false;
    this.#out.write(this.#open ? `\r\x1b[K${text}` : `${text}\n`);
  }

  /** Ends the line that was written over. */
  end(): void {
    if (this.#open) this.#out.write('\n');
    this.#open = false;
  }
}

function format({ state, stored, size, viewers, bitrate, round }: ProgressState, bar: boolean): string {
  const share = size === 0 ? 0 : stored / size;
  const filled = Math.round(share * BAR);
  const parts = [
    state,
    `${bar ? `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ` : ''}${Math.floor(share * 100)} %`,
    `${(stored / 1e6).toFixed(1)} of ${(size / 1e6).toFixed(1)} MB stored`,
    ...(bitrate > 0 ? [`${(bitrate / 1e6).toFixed(2)} Mbit/s`] : []),
    ...(viewers > 0 ? [`${viewers} watching`] : []),
    ...(round > 1 ? [`round ${round}`] : []),
  ];
  return parts.join('  ');
}
