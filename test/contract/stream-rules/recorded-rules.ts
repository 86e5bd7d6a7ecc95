import { BrokenRule } from './broken-rule.ts';
import { type ReadManifest, readManifest } from './read-manifest.ts';
import { type ReadPlaylist, type ReadSegment, readPlaylist } from './read-playlist.ts';

/** What is judged of what is told of a recording, while it grows and afterwards. */
export const RECORDED_RULES = {
  'playlist-type': 'rfc8216bis §4.4.3.5: EVENT until nothing follows, then VOD with ENDLIST',
  'target-duration': 'rfc8216bis §4.4.3.1: no segment is longer, and it never changes',
  'append-only':
    'rfc8216bis §6.2.1: what was listed of an EVENT stays as it was listed, and is never removed',
  'can-skip-until': 'rfc8216bis §4.4.3.8: CAN-SKIP-UNTIL ≥ 6 × the target duration, while it grows',
  'skip-boundary': 'rfc8216bis §6.2.5.1: only what is further away than that is left out, and nothing else',
  map: 'rfc8216bis §4.4.4.5: every segment has a map',
  renditions: 'rfc8216bis §6.2.4: tracks are cut at the same places',
  'period-unchanged': 'ISO/IEC 23009-1 §5.4: what was said of a period does not change',
  'timeline-order': 'ISO/IEC 23009-1 §5.3.9.6: segments neither overlap nor leave numbers out, and last',
  'timeline-unchanged': 'ISO/IEC 23009-1 §5.4: nor what was said of a segment',
  'segment-duration':
    'ISO/IEC 23009-1 §5.3.1.2: no segment lasts longer than maxSegmentDuration, which never changes',
  'availability-start': 'ISO/IEC 23009-1 §5.3.9.5.3: what is listed may be asked for',
  ended: 'ISO/IEC 23009-1 §5.3.1.2: in the end it is static, and as long as its media',
} as const;

type RecordedRule = keyof typeof RECORDED_RULES;

/** Seconds: what is rounded; how much later than the picture sound is cut, at whole chunks. */
const ROUNDING = 0.002;
const SEAM = 0.3;

/** The rules for one track's playlist, from one version to the next. */
export class RecordedPlaylistRules {
  #last: ReadPlaylist | undefined;

  /** The newest version. */
  get segments(): readonly ReadSegment[] {
    return this.#last?.segments ?? [];
  }

  /** Checks the next version. Throws BrokenRule. */
  check(text: string): ReadPlaylist {
    const playlist = readPlaylist(text);
    const { target, segments, ended, sequence, control } = playlist;
    if (!text.includes(`#EXT-X-PLAYLIST-TYPE:${ended ? 'VOD' : 'EVENT'}\n`)) broken('playlist-type', text);
    if (this.#last && this.#last.target !== target)
      broken('target-duration', `${target} after ${this.#last.target}`);
    if (sequence !== 0) broken('append-only', `it begins with ${sequence}`);
    for (const [index, before] of this.segments.entries())
      if (JSON.stringify(segments[index]) !== JSON.stringify(before)) broken('append-only', `${before.uri}`);
    for (const { uri, duration, map } of segments) {
      if (Math.round(duration) > target || !(duration > 0)) broken('target-duration', `${uri}: ${duration}`);
      if (map === undefined) broken('map', `${uri}`);
    }
    if (!ended && !(Number(control['CAN-SKIP-UNTIL']) >= 6 * target))
      broken('can-skip-until', JSON.stringify(control));
    this.#last = playlist;
    return playlist;
  }

  /** Checks a version from which old segments were left out against the newest. Throws BrokenRule. */
  checkDelta(text: string): number {
    const full = this.#last;
    const { segments, skipped } = readPlaylist(text);
    const rest = full?.segments.slice(skipped) ?? [];
    const plain = (list: readonly ReadSegment[]) =>
      list.map(({ uri, duration, gap }) => [uri, duration, gap]);
    if (JSON.stringify(plain(rest)) !== JSON.stringify(plain(segments))) broken('skip-boundary', text);
    const left = rest.reduce((sum, { duration }) => sum + duration, 0);
    if (skipped > 0 && left < 6 * (full?.target ?? 0) - ROUNDING)
      broken('skip-boundary', `${left} s are left`);
    return skipped;
  }

  /** Checks that another track is cut where this one is. Throws BrokenRule. */
  checkRendition({ segments }: RecordedPlaylistRules): void {
    let [one, other] = [0, 0];
    if (segments.length !== this.segments.length) broken('renditions', 'there are more of one');
    for (const [index, segment] of this.segments.entries()) {
      one += segment.duration;
      other += segments[index]?.duration ?? 0;
      const isLast = index === this.segments.length - 1;
      if (!isLast && Math.abs(one - other) > SEAM) broken('renditions', `${segment.uri}: ${one}, ${other}`);
    }
  }
}

/** The rules for the manifest of a recording, from one version to the next. */
export class RecordedManifestRules {
  #last: ReadManifest | undefined;

  /** Checks the next version, written at `now` (seconds since 1970). Throws BrokenRule. */
  check(text: string, now: number): ReadManifest {
    const manifest = readManifest(text);
    const { periods, longest, type, availabilityStart, duration } = manifest;
    if (this.#last && this.#last.longest !== longest) broken('segment-duration', `${longest}`);
    let end = 0;
    for (const period of periods) {
      for (const set of period.sets) {
        let next = Number.NEGATIVE_INFINITY;
        for (const [index, entry] of set.entries.entries()) {
          const what = `${set.kind} ${entry.number} of ${period.id}`;
          if (entry.start < next || !(entry.duration / set.timescale > 0.01)) broken('timeline-order', what);
          if (index > 0 && entry.number !== (set.entries[index - 1]?.number ?? 0) + 1)
            broken('timeline-order', what);
          if (entry.duration / set.timescale > longest + ROUNDING) broken('segment-duration', what);
          next = entry.start + entry.duration;
          const shown = period.start + (next - set.offset) / set.timescale;
          if (type === 'dynamic' && availabilityStart + shown > now + SEAM)
            broken('availability-start', `${what}: ${availabilityStart + shown - now} s`);
          end = Math.max(end, shown);
        }
      }
      this.#checkPeriod(manifest, period.id);
    }
    if (type === 'static' && !(Math.abs(duration - end) < ROUNDING))
      broken('ended', `${duration}, not ${end}`);
    this.#last = manifest;
    return manifest;
  }

  #checkPeriod({ periods }: ReadManifest, id: string): void {
    const before = this.#last?.periods.find((period) => period.id === id);
    const period = periods.find((candidate) => candidate.id === id);
    if (!before || !period) return;
    if (before.start !== period.start) broken('period-unchanged', `${id}: ${period.start}`);
    for (const [index, { entries, offset, initialization, media }] of before.sets.entries()) {
      const set = period.sets[index];
      if (set?.offset !== offset || set.initialization !== initialization || set.media !== media)
        broken('period-unchanged', id);
      if (JSON.stringify(set.entries.slice(0, entries.length)) !== JSON.stringify(entries))
        broken('timeline-unchanged', id);
    }
  }
}

function broken(rule: RecordedRule, what: string): never {
  throw new BrokenRule(rule, what);
}
