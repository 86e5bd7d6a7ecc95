import type { Track } from '../../media/track.ts';
import type { FlvFrame } from './flv-track.ts';

/** How long one kind waits for the other, of media: an encoder of sound may be a second behind when it starts. */
const LONGEST_WAIT = 1500;

/** Brings the frames of a video and an audio track, each in order, into the one order of their times. */
export class Interleaver {
  readonly #output: (frame: FlvFrame) => void;
  readonly #waiting: Record<Track['kind'], FlvFrame[]> = { video: [], audio: [] };
  #expected: ReadonlySet<Track['kind']> = new Set();

  constructor(output: (frame: FlvFrame) => void) {
    this.#output = output;
  }

  /** Which kinds come from here on: only those are waited for. */
  expect(kinds: Iterable<Track['kind']>): void {
    this.#expected = new Set(kinds);
    this.#release();
  }

  push(frame: FlvFrame): void {
    this.#waiting[frame.track.kind].push(frame);
    this.#release();
  }

  /** Waits for nothing any more: gives out what there is. */
  flush(): void {
    for (let next = this.#next(); next; next = this.#next()) this.#take(next);
  }

  #release(): void {
    for (let next = this.#next(); next; next = this.#next()) {
      const other = next === 'video' ? 'audio' : 'video';
      const mustWait = this.#waiting[other].length === 0 && this.#expected.has(other);
      if (mustWait && this.#span(next) < LONGEST_WAIT) return;
      this.#take(next);
    }
  }

  /** The kind whose first frame is due first. */
  #next(): Track['kind'] | undefined {
    const [video] = this.#waiting.video;
    const [audio] = this.#waiting.audio;
    if (!video || !audio) return video ? 'video' : audio && 'audio';
    return audio.time < video.time ? 'audio' : 'video';
  }

  #span(kind: Track['kind']): number {
    const frames = this.#waiting[kind];
    return (frames.at(-1)?.time ?? 0) - (frames[0]?.time ?? 0);
  }

  #take(kind: Track['kind']): void {
    const frame = this.#waiting[kind].shift();
    if (frame) this.#output(frame);
  }
}
