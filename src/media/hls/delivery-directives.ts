import type { Milliseconds } from '../time.ts';

/** What a player asks of a playlist beyond the playlist itself (rfc8216bis §6.2.5). */
export interface DeliveryDirectives {
  /** The media sequence number that must be in it. */
  readonly sequence: number | undefined;
  /** The part of that segment that must be in it; undefined for the whole segment. */
  readonly part: number | undefined;
  /** The player has the older segments. */
  readonly skip: boolean;
}

/** Where a playlist stands. */
export interface PlaylistEdge {
  /** The newest complete segment; one less than the first where none is. */
  readonly lastSequence: number;
  /** How many parts that one has. */
  readonly lastParts: number;
  /** How many parts of the segment after it are ready. */
  readonly openParts: number;
  readonly partTarget: Milliseconds;
}

/** How a request is answered: at once, when what it asks for is there, or never: it asks for what is far away. */
export type ReloadVerdict = 'ready' | 'wait' | 'too-far';

const FARTHEST_SEGMENT = 2;
const NUMBER = /^\d{1,15}$/;

/**
 * Reads `_HLS_msn`, `_HLS_part` and `_HLS_skip`; others are ignored, as are values of `_HLS_skip` that may come one day.
 * Answers in words what is wrong with them: no numbers, or a part without its segment.
 */
export function parseDirectives(query: Readonly<Record<string, unknown>>): DeliveryDirectives | string {
  const sequence = readNumber(query._HLS_msn);
  const part = readNumber(query._HLS_part);
  if (sequence === 'malformed') return '_HLS_msn: expected a media sequence number.';
  if (part === 'malformed') return '_HLS_part: expected the index of a part.';
  if (part !== undefined && sequence === undefined) return '_HLS_part: expected _HLS_msn with it.';
  return { sequence, part, skip: query._HLS_skip === 'YES' || query._HLS_skip === 'v2' };
}

/** Whether a playlist that stands there may be sent to who asks so (rfc8216bis §6.2.5.2). */
export function judgeReload({ sequence, part }: DeliveryDirectives, edge: PlaylistEdge): ReloadVerdict {
  if (sequence === undefined) return 'ready';
  const { lastSequence, lastParts, openParts } = edge;
  const ahead = sequence - lastSequence;
  if (ahead > FARTHEST_SEGMENT) return 'too-far';
  if (ahead < 0) return 'ready';
  if (part === undefined) return ahead === 0 ? 'ready' : 'wait';
  // A part beyond the last one of its segment is the first of the next. One without parts counts as one.
  if (ahead === 0) return part < Math.max(1, lastParts) || openParts > 0 ? 'ready' : 'wait';
  if (ahead > 1) return 'wait';
  if (part < openParts) return 'ready';
  return part - openParts >= advancePartLimit(edge.partTarget) ? 'too-far' : 'wait';
}

/** How many parts ahead may be asked for. */
function advancePartLimit(partTarget: Milliseconds): number {
  return partTarget < 1000 ? Math.ceil(3000 / partTarget) : 3;
}

function readNumber(value: unknown): number | undefined | 'malformed' {
  if (value === undefined) return undefined;
  return typeof value === 'string' && NUMBER.test(value) ? Number(value) : 'malformed';
}
