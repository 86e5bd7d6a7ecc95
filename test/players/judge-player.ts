import { percentile } from '../../bench/support/percentile.ts';
import type { PlayedThrough } from './play-through.ts';

/** So long after the publisher was away a player may take to be as before, in ms. */
const RECOVERY = 15_000;
/** After its first picture a player finds its place. */
const SETTLING = 5000;

/** A line of the table: how a player did. Times in ms. */
export interface PlayerVerdict {
  readonly name: string;
  readonly startup: number;
  /** Capture to screen while nothing was wrong. */
  readonly delay: { readonly p50: number; readonly p95: number };
  /** The same at the end, after both faults. */
  readonly delayAtEnd: number;
  /** How often it stood while nothing was wrong, and all in all. */
  readonly stalls: { readonly steady: number; readonly all: number };
  /** The longest time in which no new picture was shown. */
  readonly longestFreeze: number;
  /** How long the publisher was away, each time. */
  readonly away: readonly number[];
  readonly holes: number;
  readonly jumps: number;
  readonly fatal: readonly string[];
  readonly warnings: readonly string[];
  /** What it may not do: give up, find a gap, or show nothing at the end. */
  readonly faults: readonly string[];
}

/** Judges what was seen of a player. */
export function judgePlayer(seen: PlayedThrough): PlayerVerdict {
  const { begin, away, end, words } = seen;
  const isSteady = (at: number) =>
    at > begin + SETTLING && !away.some(([from, to]) => at > from - SETTLING / 10 && at < to + RECOVERY);
  const steady = seen.pictures.filter(({ at }) => isSteady(at)).map(({ delay }) => delay);
  const last = seen.pictures.filter(({ at }) => at > end - SETTLING).map(({ delay }) => delay);
  const gaps = words.warnings.filter((word) => /gap|hole/i.test(word));
  const faults = [
    ...words.fatal.map((word) => `gave up: ${word}`),
    ...(gaps.length > 0 ? [`told of gaps: ${[...new Set(gaps)].join(', ')}`] : []),
    ...(last.length === 0 ? ['shows nothing at the end'] : []),
  ];
  return {
    name: seen.player.name,
    startup: seen.startup,
    delay: { p50: percentile(steady, 50), p95: percentile(steady, 95) },
    delayAtEnd: percentile(last, 50),
    stalls: { steady: seen.stalls.filter(({ at }) => isSteady(at)).length, all: seen.stalls.length },
    longestFreeze: Math.max(
      0,
      ...seen.pictures.slice(1).map(({ at }, index) => at - (seen.pictures[index]?.at ?? at)),
    ),
    away: away.map(([from, to]) => to - from),
    holes: seen.holes.length,
    jumps: seen.jumps.length,
    fatal: words.fatal,
    warnings: [...new Set(words.warnings)],
    faults,
  };
}

const seconds = (ms: number) => (Number.isFinite(ms) ? `${(ms / 1000).toFixed(2)} s` : '–');

/** Verdicts as a Markdown table. */
export function formatVerdicts(verdicts: readonly PlayerVerdict[]): string {
  const rows = verdicts.map(
    ({ name, startup, delay, delayAtEnd, stalls, longestFreeze, away, jumps, fatal, warnings }) =>
      [
        name,
        seconds(startup),
        `${seconds(delay.p50)} / ${seconds(delay.p95)}`,
        seconds(delayAtEnd),
        `${stalls.steady} / ${stalls.all}`,
        away.map(seconds).join(', '),
        seconds(longestFreeze),
        String(jumps),
        fatal.length > 0 ? fatal.join(', ') : '–',
        warnings.length > 0 ? warnings.join(', ') : '–',
      ].join(' | '),
  );
  return [
    '| player | first picture | delay p50 / p95 | delay at the end | stalls: quiet / all | publisher away | longest freeze | jumps | fatal | warnings |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}
