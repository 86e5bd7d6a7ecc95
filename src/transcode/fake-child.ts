import type { ChildExit, ChildOptions, OpenChild, TranscodeChild } from './transcode-child.ts';

/** An AAC-LC frame of 48 kHz stereo in ADTS, with that many bytes of payload. */
export function adtsFrame(payload = 10): Uint8Array {
  const size = 7 + payload;
  const header = [0xff, 0xf1, 0x4c, 0x80 | (size >> 11), (size >> 3) & 0xff, ((size & 7) << 5) | 0x1f, 0xfc];
  return Uint8Array.of(...header, ...new Uint8Array(payload).fill(payload));
}

/** A child that does what a test tells it to. */
export class FakeChild implements TranscodeChild {
  readonly pid = 1;
  readonly arguments: readonly string[];
  readonly closed: Promise<ChildExit>;
  /** Chunks that it was fed with, behind the init segment. */
  readonly fed: (readonly Uint8Array[])[] = [];
  queued = 0;
  ended = false;
  killed = false;
  readonly #options: ChildOptions;
  readonly #close: (exit: ChildExit) => void;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.arguments = options.arguments;
    const { promise, resolve } = Promise.withResolvers<ChildExit>();
    this.closed = promise;
    this.#close = resolve;
  }

  write(pieces: readonly Uint8Array[]): void {
    if (pieces.length > 1) this.fed.push(pieces);
  }

  end(): void {
    this.ended = true;
  }

  kill(): void {
    this.killed = true;
    this.exit({ code: undefined, missing: false, words: 'killed' });
  }

  /** Writes that many frames. */
  make(frames: number): void {
    for (let frame = 0; frame < frames; frame += 1) this.#options.onOutput(adtsFrame());
  }

  /** Writes what is no AAC. */
  makeGarbage(): void {
    this.#options.onOutput(new Uint8Array(100).fill(7));
  }

  /** Is gone. */
  exit({ code = 0, missing = false, words = 'ended' }: Partial<ChildExit> = {}): void {
    this.#close({ code, missing, words });
  }
}

/** Opens fake children and keeps them. */
export function fakeChildren(): { readonly children: FakeChild[]; readonly openChild: OpenChild } {
  const children: FakeChild[] = [];
  const openChild = (options: ChildOptions) => {
    const child = new FakeChild(options);
    children.push(child);
    return child;
  };
  return { children, openChild };
}
