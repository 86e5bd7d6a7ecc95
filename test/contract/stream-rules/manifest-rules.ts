import type { Segment } from '../../../src/package/segment.ts';
import { readMpd } from '../read-mpd.ts';
import { BrokenRule } from './broken-rule.ts';
import {
  type ReadEntry,
  type ReadManifest,
  type ReadPeriod,
  type ReadSet,
  readManifest,
} from './read-manifest.ts';

/** What is judged of every version of a live manifest, with its clause of ISO/IEC 23009-1. */
export const MANIFEST_RULES = {
  'head-unchanged': '§5.3.1.2: when the presentation began never changes, and live is not again what is over',
  'publish-time': '§5.3.1.2: a later version says a later time',
  'service-description': '§K.3.2: a latency within its bounds, and where to ask for the time',
  'period-order': '§5.3.2: periods begin one after another, each once',
  'period-unchanged': '§5.4: what was said of a period does not change',
  'period-continuity': '§5.3.2: no period begins before the one before has ended',
  'timeline-order': '§5.3.9.6: segments neither overlap nor leave numbers out',
  'timeline-segments':
    '§5.3.9.6.2: what is said of a segment is what it is; of one that is made, not too little',
  'segment-duration': '§5.3.1.2: no segment lasts longer than maxSegmentDuration',
  window: '§5.3.1.2: all of timeShiftBufferDepth is listed, where there is so much',
  'availability-start': '§5.3.9.5.3: what is listed may be asked for, and what may be asked for is there',
  'availability-end': '§5.3.9.5.3: a segment can be had until it has left the window',
  ended: '§5.3.1.2: in the end it is static, and as long as its media',
  'other-parser': 'mpd-parser finds the same segments',
} as const;

/** A key of {@link MANIFEST_RULES}. */
type ManifestRule = keyof typeof MANIFEST_RULES;

/** What there is to be had, by its number. */
export type FindSegment = (kind: string, number: number) => Segment | undefined;

/** What is rounded to milliseconds, and the jitter of a publisher that follows at once, seconds. */
const ROUNDING = 0.002;
/** Sound ends that much after the picture of its session; it is cut at whole chunks. */
const SEAM = 0.2;
/** What is complete may be asked for, but for jitter. */
const AHEAD = 0.2;

/** The rules for the manifest of one presentation, from one version to the next. */
export class ManifestRules {
  readonly #find: FindSegment;
  /** When what was listed may go, by its track and number. */
  readonly #until = new Map<string, number>();
  #last: ReadManifest | undefined;

  constructor(find: FindSegment) {
    this.#find = find;
  }

  /** Checks the next version, written at `now` (seconds since 1970), and answers it as read. Throws BrokenRule. */
  check(text: string, now: number): ReadManifest {
    const manifest = readManifest(text);
    this.#checkHead(manifest, now);
    this.#checkPeriods(manifest);
    for (const kind of ['video', 'audio']) this.#checkTrack(manifest, kind, now);
    if (manifest.type === 'static') this.#checkEnd(manifest);
    this.#last = manifest;
    return manifest;
  }

  /** Reads a manifest with another parser, which is to find what is found here. Throws BrokenRule. */
  checkOtherParser(text: string, { periods }: ReadManifest): void {
    const { playlists, mediaGroups } = readMpd(text);
    const sounds = Object.values(mediaGroups.AUDIO).flatMap((group) => Object.values(group));
    const tracks = [...playlists, ...sounds.flatMap((sound) => sound.playlists)];
    const found = tracks.flatMap(({ segments }) =>
      segments.map(({ resolvedUri, duration }) => `${resolvedUri} ${duration.toFixed(3)}`),
    );
    const ours = ['video', 'audio'].flatMap((kind) =>
      periods.flatMap(({ sets }) => sets.filter((set) => set.kind === kind).flatMap(namesOf)),
    );
    if (found.join() !== ours.join()) broken('other-parser', `${found.join()} instead of ${ours.join()}`);
  }

  #checkHead(manifest: ReadManifest, now: number): void {
    const { type, availabilityStart, publishTime, latency, timeSource } = manifest;
    const last = this.#last;
    if (last?.type === 'static') broken('head-unchanged', 'something came after the end');
    if (type === 'static') return;
    if (last && last.availabilityStart !== availabilityStart)
      broken('head-unchanged', `${availabilityStart} after ${last.availabilityStart}`);
    if (publishTime > now + ROUNDING || (last && publishTime < last.publishTime))
      broken('publish-time', `${publishTime}`);
    const [target, min, max] = [latency?.target, latency?.min, latency?.max].map(Number);
    const within = Number(min) <= Number(target) && Number(target) <= Number(max);
    if (!within || !timeSource) broken('service-description', `${target} within ${min} and ${max}`);
  }

  /** What is shown while the publisher was away: it leaves no hole, and is of one segment a track. */
  #checkHold(
    hold: ReadPeriod,
    before: ReadPeriod | undefined,
    after: ReadPeriod | undefined,
    longest: number,
  ) {
    if (!before || !after || !hold.sets.every(isHold))
      broken('period-order', `${hold.id} is between no others`);
    const holes = [hold.start - endOf(before), after.start - endOf(hold)];
    if (holes.some((hole) => Math.abs(hole) > SEAM))
      broken('period-continuity', `${hold.id}: ${holes.join()}`);
    for (const { kind, entries, timescale } of hold.sets) {
      const [entry] = entries;
      const lasts = (entry?.duration ?? 0) / timescale;
      if (entries.length !== 1) broken('timeline-order', `${kind} of ${hold.id}`);
      if (lasts > longest + ROUNDING) broken('segment-duration', `${kind} of ${hold.id}: ${lasts}`);
    }
  }

  #checkPeriods({ periods, longest }: ReadManifest): void {
    const ids = new Set(periods.map(({ id }) => id));
    if (ids.size !== periods.length) broken('period-order', 'a period comes twice');
    for (const [index, period] of periods.entries()) {
      const before = periods[index - 1];
      if (before && period.start < before.start) broken('period-order', `${period.id} goes back`);
      if (before && period.start < endOf(before) - SEAM)
        broken('period-continuity', `${period.id} begins ${endOf(before) - period.start} s early`);
      const known = this.#last?.periods.find(({ id }) => id === period.id);
      if (known && known.start !== period.start) broken('period-unchanged', `${period.id} begins elsewhere`);
      for (const set of period.sets) {
        const same = known?.sets.find(({ kind }) => kind === set.kind);
        if (same && (same.offset !== set.offset || same.initialization !== set.initialization))
          broken('period-unchanged', `${set.kind} of ${period.id}`);
      }
      if (period.sets.some(isHold)) this.#checkHold(period, before, periods[index + 1], longest);
    }
  }

  #checkTrack(manifest: ReadManifest, kind: string, now: number): void {
    const sets = manifest.periods.flatMap((period) =>
      period.sets.filter((set) => set.kind === kind && !isHold(set)).map((set) => ({ period, set })),
    );
    let before: ReadEntry | undefined;
    for (const { set, period } of sets) {
      let end = Number.NEGATIVE_INFINITY;
      for (const [index, entry] of set.entries.entries()) {
        if (before && entry.number !== before.number + 1)
          broken('timeline-order', `${kind} ${entry.number} after ${before.number}`);
        if (entry.start < end) broken('timeline-order', `${kind} ${entry.number} begins before ${end}`);
        this.#checkEntry(manifest, set, entry, index === set.entries.length - 1);
        this.#checkAvailability(manifest, period, set, entry, now);
        end = entry.start + entry.duration;
        before = entry;
      }
    }
    this.#checkWindow(manifest, sets, kind);
    this.#checkKept(kind, now);
  }

  #checkEntry(
    { longest }: ReadManifest,
    { kind, timescale }: ReadSet,
    entry: ReadEntry,
    isLast: boolean,
  ): void {
    const { number, start, duration } = entry;
    const segment = this.#find(kind, number);
    const what = `${kind} ${number}`;
    if (!segment) broken('availability-start', `${what} is not there`);
    if (duration / timescale > longest + ROUNDING) broken('segment-duration', `${what}: ${duration}`);
    const told = segment.start === start && segment.timescale === timescale;
    const complete = segment.complete
      ? segment.duration === duration
      : isLast && segment.duration <= duration;
    if (!told || !complete) broken('timeline-segments', `${what}: ${start}+${duration}`);
  }

  #checkAvailability(
    { type, availabilityStart, window }: ReadManifest,
    { start }: ReadPeriod,
    { kind, offset, timescale, early }: ReadSet,
    entry: ReadEntry,
    now: number,
  ): void {
    if (type === 'static') return;
    const begins = availabilityStart + start + (entry.start - offset) / timescale;
    const lasts = entry.duration / timescale;
    const available = begins + lasts - early;
    if (this.#find(kind, entry.number)?.complete && available > now + AHEAD)
      broken('availability-start', `${kind} ${entry.number} is not to be asked for in ${available - now} s`);
    this.#until.set(`${kind} ${entry.number}`, begins + 2 * lasts + window);
  }

  #checkWindow(
    { type, window }: ReadManifest,
    sets: readonly { readonly set: ReadSet }[],
    kind: string,
  ): void {
    const first = sets[0]?.set.entries[0]?.number ?? 0;
    if (type === 'static' || first === 0) return;
    const listed = sets.reduce(
      (sum, { set }) =>
        sum + set.entries.reduce((length, { duration }) => length + duration, 0) / set.timescale,
      0,
    );
    if (listed < window - ROUNDING) broken('window', `${listed} s of ${kind}`);
  }

  #checkKept(kind: string, now: number): void {
    for (const [what, until] of this.#until) {
      if (!what.startsWith(kind)) continue;
      const number = Number(what.slice(kind.length));
      if (until < now) {
        this.#until.delete(what);
      } else if (!this.#find(kind, number)) {
        broken('availability-end', `${what} went ${until - now} s early`);
      } else break;
    }
  }

  #checkEnd({ duration, periods }: ReadManifest): void {
    const end = Math.max(0, ...periods.map(endOf));
    if (!(Math.abs(duration - end) <= SEAM)) broken('ended', `${duration} instead of ${end}`);
  }
}

/** It is of no segments of the broadcast. */
const isHold = ({ media }: ReadSet): boolean => media.includes('/hold-');

const namesOf = ({ entries, media, timescale }: ReadSet) =>
  entries.map(
    ({ number, duration }) =>
      `http://host/live/main/${media.replace('$Number$', String(number))} ${(duration / timescale).toFixed(3)}`,
  );

/** Of the last segment of any track, on the presentation's timeline. */
const endOf = ({ start, sets }: ReadPeriod): number =>
  Math.max(
    start,
    ...sets.map(({ entries, offset, timescale }) => {
      const last = entries.at(-1);
      return last ? start + (last.start + last.duration - offset) / timescale : start;
    }),
  );

function broken(rule: ManifestRule, what: string): never {
  throw new BrokenRule(rule, what);
}
