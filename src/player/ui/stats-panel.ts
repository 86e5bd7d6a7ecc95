import type { PlayerStats } from '../player-stats.ts';
import { delayText } from './status-text.ts';

const TRANSPORTS = { websocket: 'WebSocket', hls: 'HLS', 'native-hls': 'HLS, by the browser' } as const;
const SINCE = { capture: 'since the capture', arrival: 'since the server', buffer: 'at least' } as const;
const INTERVAL = 500;

/** How playing goes, in words and figures, for viewers who wonder. */
export class StatsPanel {
  readonly #panel: HTMLElement;
  readonly #list: HTMLElement;
  readonly #button: HTMLElement;
  readonly #values = new Map<string, HTMLElement>();
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(panel: HTMLElement, button: HTMLElement) {
    this.#panel = panel;
    this.#button = button;
    const list = panel.querySelector('dl');
    if (!list) throw new Error('The panel has no list.');
    this.#list = list;
    button.addEventListener('click', () => this.#toggle());
  }

  /** Shows the figures, at most twice a second, while it is open. `read` is called only then. */
  render(read: () => PlayerStats | null): void {
    if (this.#panel.hidden) return;
    const now = performance.now();
    if (now - this.#shownAt < INTERVAL) return;
    this.#shownAt = now;
    const stats = read();
    for (const [name, value] of stats ? describe(stats) : []) this.#show(name, value);
  }

  /** Closed, where there is nothing to show figures of. */
  close(): void {
    if (!this.#panel.hidden) this.#toggle();
  }

  #toggle(): void {
    this.#panel.hidden = !this.#panel.hidden;
    this.#button.ariaExpanded = String(!this.#panel.hidden);
    this.#shownAt = Number.NEGATIVE_INFINITY;
  }

  #show(name: string, text: string): void {
    let value = this.#values.get(name);
    if (!value) {
      const term = document.createElement('dt');
      term.textContent = name;
      value = document.createElement('dd');
      this.#list.append(term, value);
      this.#values.set(name, value);
    }
    if (value.textContent !== text) value.textContent = text;
  }
}

function describe(stats: PlayerStats): [string, string][] {
  const { transport, delay, delayFrom, bufferAhead, bitrate, width, height } = stats;
  return [
    ['Transport', transport ? TRANSPORTS[transport] : '–'],
    ['Delay', delay === null || !delayFrom ? '–' : `${delayText(delay)} ${SINCE[delayFrom]}`],
    ['Buffer', delayText(bufferAhead)],
    ['Bitrate', bitrate === 0 ? '–' : `${(bitrate / 1_000_000).toFixed(2)} Mbit/s`],
    ['Resolution', width === 0 ? '–' : `${width} × ${height}`],
    ['Frames dropped', String(stats.droppedFrames)],
    ['Chunks skipped', String(stats.skippedChunks)],
    ['Stalls', String(stats.stalls)],
    ['Reconnects', String(stats.reconnects)],
  ];
}
