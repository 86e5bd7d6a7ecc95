/** What is kept beside a session's bytes, so that they can still be sent when the tab is gone. Never a key. */
export interface KeptInfo {
  /** Its UUID. */
  readonly session: string;
  readonly channel: string;
  readonly mimeType: string;
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** The folder of the site's private storage that has a folder for each session. */
export const KEPT_FOLDER = 'headwater-kept';
/** In a session's folder: its KeptInfo as JSON. */
export const INFO_FILE = 'info.json';
/** In a session's folder: the offset before which nothing is needed, as a decimal number. */
export const RELEASED_FILE = 'released';

/** The Web Lock that the tab holds to which a session belongs. */
export const lockName = (session: string): string => `headwater-kept-${session}`;

/** The name of the file that holds a session's bytes from that offset on. */
export const segmentName = (offset: number): string => `${offset}.part`;

/** The offset at which a file of that name begins; undefined when it is none of a session's bytes. */
export function segmentOffset(name: string): number | undefined {
  const match = /^(\d{1,16})\.part$/.exec(name);
  return match ? Number(match[1]) : undefined;
}

/** Reads what {@link INFO_FILE} says; undefined when it is torn or not ours. */
export function parseKeptInfo(text: string): KeptInfo | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { session, channel, mimeType, title, startedAt } = value as Record<string, unknown>;
  if (typeof session !== 'string' || typeof channel !== 'string' || typeof mimeType !== 'string') {
    return undefined;
  }
  if (typeof title !== 'string' || typeof startedAt !== 'number') return undefined;
  return { session, channel, mimeType, title, startedAt };
}

/** A run of bytes of a session. */
export interface ByteRun {
  readonly start: number;
  readonly end: number;
}

/**
 * Which bytes a session's files hold, given where each begins and its size: the last run without a gap, from
 * `released` on. What lies before a gap was released when the rest was written.
 */
export function keptRun(
  segments: readonly { readonly offset: number; readonly size: number }[],
  released: number,
): ByteRun {
  let run: ByteRun = { start: released, end: released };
  for (const { offset, size } of [...segments].sort((a, b) => a.offset - b.offset)) {
    if (size === 0) continue;
    run =
      offset === run.end ? { start: run.start, end: offset + size } : { start: offset, end: offset + size };
  }
  const start = Math.min(run.end, Math.max(run.start, released));
  return { start, end: run.end };
}
