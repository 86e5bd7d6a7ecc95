import { lengthOf } from '../../media/rtmp/message.ts';
import type { Milliseconds } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import type { FlvFrame } from './flv-track.ts';

/** How long one kind waits for the other: an encoder of sound may be a second behind when it starts. */
const LONGEST_WAIT = 1500;
/** What waits at most, of media: a publisher may bring at once what it kept through a cut. */
const MAX_SPAN = 30_000;
const MAX_BYTES = 16 * 1024 * 1024;

interface Waiting {
  readonly frame: FlvFrame;
  /** When it came. */
  readonly at: Milliseconds;
}

/** Brings the frames of a video and an audio track, each in order, into the one order of their times. */
export class Interleaver {
  readonly #output: (frame: FlvFrame) => void;
  readonly #waiting: Record<Track['kind'], Waiting[]> = { video: [], audio: [] };
  #bytes = 0;
  #expected: ReadonlySet<Track['kind']> = new Set();

  constructor(output: (frame: FlvFrame) => void) {
    this.#output = output;
  }

  /** Which kinds come from here on: only those are waited for. */
  expect(kinds: Iterable<Track['kind']>): void {
    this.#expected = new Set(kinds);
  }

  push(frame: FlvFrame, now: Milliseconds): void {
    this.#waiting[frame.track.kind].push({ frame, at: now });
    this.#bytes += lengthOf(frame);
    this.#release(now);
  }

  /** Waits for nothing any more: gives out what there is. */
  flush(): void {
    for (let next = this.#next(); next; next = this.#next()) this.#take(next);
  }

  #release(now: Milliseconds): void {
    for (let next = this.#next(); next; next = this.#next()) {
      const other = next === 'video' ? 'audio' : 'video';
      const isAlone = this.#waiting[other].length === 0 && this.#expected.has(other);
      if (isAlone && this.#mayWait(next, now)) return;
      this.#take(next);
    }
  }

  /** The kind whose first frame is due first. */
  #next(): Track['kind'] | undefined {
    const [video] = this.#waiting.video;
    const [audio] = this.#waiting.audio;
    if (!video || !audio) return video ? 'video' : audio && 'audio';
    return audio.frame.time < video.frame.time ? 'audio' : 'video';
  }

  #mayWait(kind: Track['kind'], now: Milliseconds): boolean {
    const waiting = this.#waiting[kind];
    const [first] = waiting;
    const span = (waiting.at(-1)?.frame.time ?? 0) - (first?.frame.time ?? 0);
    return now - (first?.at ?? now) < LONGEST_WAIT && span < MAX_SPAN && this.#bytes <= MAX_BYTES;
  }

  #take(kind: Track['kind']): void {
    const first = this.#waiting[kind].shift();
    if (!first) return;
    this.#bytes -= lengthOf(first.frame);
    this.#output(first.frame);
  }
}
