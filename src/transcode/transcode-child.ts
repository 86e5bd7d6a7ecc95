/** Why a child is no more. */
export interface ChildExit {
  /** 0 where it did what it was asked for; undefined where it was killed or never started. */
  readonly code: number | undefined;
  /** There is no such program, or it may not be started. */
  readonly missing: boolean;
  /** In words: the last that it complained of. */
  readonly words: string;
}

/** A process that reads media on one side and writes it on the other. */
export interface TranscodeChild {
  readonly pid: number | undefined;
  /** Bytes that were written to it and that it has not yet read. */
  readonly queued: number;
  /** Queues bytes for it; the caller looks at {@link queued}. */
  write(pieces: readonly Uint8Array[]): void;
  /** Nothing follows: it writes what it still has and ends, or is killed 2 s later. Idempotent. */
  end(): void;
  /** Ends it at once. Idempotent. */
  kill(): void;
  /** Settles after its last output; never rejects. */
  readonly closed: Promise<ChildExit>;
}

/** How to start one. */
export interface ChildOptions {
  readonly arguments: readonly string[];
  /** 0 to 19. */
  readonly niceness: number;
  readonly onOutput: (bytes: Uint8Array) => void;
}

/** Starts a child; where that fails its `closed` says so. */
export type OpenChild = (options: ChildOptions) => TranscodeChild;
