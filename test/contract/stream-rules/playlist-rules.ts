import { BrokenRule } from './broken-rule.ts';
import {
  firstPartOf,
  type ReadPart,
  type ReadPlaylist,
  type ReadSegment,
  readPlaylist,
} from './read-playlist.ts';

/** What is judged of every version of a live low-latency playlist, with its clause of rfc8216bis. */
export const PLAYLIST_RULES = {
  readable: '§4.1: lines that mean something, each tag of the head once',
  'target-duration': '§4.4.3.1: no segment is longer',
  'part-target': '§4.4.4.9: no part is longer than PART-TARGET',
  'part-minimum': '§4.4.4.9: nor shorter than 85 % of it, but a segment’s last and those with a keyframe',
  'part-sum': '§4.4.4.9: the parts of a segment last as long as it does',
  'part-hold-back': '§4.4.3.8: PART-HOLD-BACK ≥ 3 × PART-TARGET',
  'hold-back': '§4.4.3.8: HOLD-BACK ≥ 3 × the target duration',
  'can-skip-until': '§4.4.3.8: CAN-SKIP-UNTIL ≥ 6 × the target duration',
  'can-block-reload': '§4.4.3.8: who waits is answered',
  'skip-boundary': '§6.2.5.1: only what is further away than CAN-SKIP-UNTIL is left out, and nothing else',
  'window-length': '§6.2.2: while segments are removed, three target durations stay',
  'old-parts': '§6.2.2: parts further than three target durations from the end are not listed',
  'head-unchanged': '§6.2.1: target duration and part target never change',
  'segment-unchanged': '§6.2.1: nor does what was said of a segment',
  'part-unchanged': '§6.2.1: nor what was said of a part',
  'media-sequence': '§4.4.3.2: segments go at the beginning and come at the end, never otherwise',
  discontinuity: '§4.4.4.3, §6.2.2: another map follows a discontinuity, and these are counted on',
  map: '§4.4.4.5: every segment has a map',
  'program-date-time': '§4.4.4.6: every segment has a date, and dates go as segments last',
  'open-segment': '§4.4.4.9: parts at the end belong to the next segment',
  'preload-hint': '§4.4.5.3: what is hinted at is the next part, and it comes',
  'rendition-report': '§4.4.5.4: the newest of the other rendition, truthfully',
  ended: '§4.4.3.4: after ENDLIST nothing comes, and nothing is promised',
} as const;

/** A key of {@link PLAYLIST_RULES}. */
type PlaylistRule = keyof typeof PLAYLIST_RULES;

/** What is written with 5 digits may be off by that much. */
const ROUNDING = 2e-5;
/** How far back parts are listed, in target durations. */
const PARTS_LISTED = 3;
/** Dates may be off by what they are rounded to and follow the wall clock by, seconds. */
const DATE_STEP = 0.03;
/** A date that is off by more is a pause of the publisher, which dates tell of. */
const PAUSE = 4;
/** A frame may turn out longer than was thought when its part was made, by so many seconds. */
const LATE_FRAME = 0.1;

/** The rules for one track’s playlist, from one version to the next. */
export class PlaylistRules {
  readonly #segments = new Map<number, ReadSegment>();
  readonly #parts = new Map<string, ReadPart>();
  #last: ReadPlaylist | undefined;
  #everRemoved = false;

  /** The newest version. */
  get last(): ReadPlaylist | undefined {
    return this.#last;
  }

  /** Checks the next version, and answers it as read. Throws BrokenRule. */
  check(text: string): ReadPlaylist {
    const playlist = read(text);
    this.#checkHead(playlist);
    this.#checkOrder(playlist);
    this.#checkLength(playlist);
    for (const [index, segment] of playlist.segments.entries()) {
      this.#checkSegment(segment, playlist.segments[index - 1], playlist);
    }
    if (playlist.open) this.#checkOpen(playlist.open, playlist);
    this.#checkParts(playlist);
    this.#checkEdge(playlist);
    this.#last = playlist;
    this.#forget(playlist);
    return playlist;
  }

  /** Checks a playlist from which old segments were left out, against the newest version. Throws BrokenRule. */
  checkDelta(text: string): ReadPlaylist {
    const full = this.#last;
    const delta = read(text);
    if (!full || delta.sequence !== full.sequence) broken('skip-boundary', 'it is not of the same version');
    const rest = full.segments.slice(delta.skipped);
    const same = JSON.stringify(withoutMaps(rest)) === JSON.stringify(withoutMaps(delta.segments));
    if (!same) broken('skip-boundary', `after ${delta.skipped} comes something else`);
    const left = rest.reduce((sum, { duration }) => sum + duration, partsLength(full.open));
    const boundary = Number(full.control['CAN-SKIP-UNTIL']);
    if (delta.skipped > 0 && left < boundary - ROUNDING) broken('skip-boundary', `only ${left} s are left`);
    return delta;
  }

  /** Checks what both playlists say of each other’s end, in the newest versions. Throws BrokenRule. */
  checkReport(name: string, other: ReadPlaylist): void {
    const last = this.#last;
    if (!last || last.ended) return;
    const report = last.reports.find(({ URI }) => URI === name);
    if (!report) broken('rendition-report', `none of ${name}`);
    const [sequence, part] = [Number(report['LAST-MSN']), report['LAST-PART']];
    const { open, segments } = other;
    const newest = open ?? segments.at(-1);
    if (sequence !== newest?.sequence)
      broken('rendition-report', `${sequence} instead of ${newest?.sequence}`);
    // Parts that are not listed any more are there nonetheless.
    if (newest.parts.length > 0 && Number(part) !== newest.parts.length - 1)
      broken('rendition-report', `part ${part} instead of ${newest.parts.length - 1}`);
  }

  #checkHead({ target, partTarget, control, ended }: ReadPlaylist): void {
    const last = this.#last;
    if (last && (last.target !== target || last.partTarget !== partTarget))
      broken('head-unchanged', `${target} and ${partTarget}`);
    if (last?.ended) broken('ended', 'something came after the end');
    const at = (name: string) => Number(control[name] ?? Number.NaN);
    if (!(at('HOLD-BACK') >= 3 * target)) broken('hold-back', `${at('HOLD-BACK')}`);
    if (!(at('PART-HOLD-BACK') >= 3 * partTarget - ROUNDING))
      broken('part-hold-back', `${at('PART-HOLD-BACK')}`);
    if (ended) return;
    if (!(at('CAN-SKIP-UNTIL') >= 6 * target)) broken('can-skip-until', `${at('CAN-SKIP-UNTIL')}`);
    if (control['CAN-BLOCK-RELOAD'] !== 'YES') broken('can-block-reload', 'it cannot be waited for');
  }

  #checkOrder({ sequence, segments }: ReadPlaylist): void {
    const last = this.#last;
    if (!last) return;
    if (sequence < last.sequence) broken('media-sequence', `${sequence} after ${last.sequence}`);
    const [end, before] = [sequence + segments.length, last.sequence + last.segments.length];
    if (end < before) broken('media-sequence', `${before - end} went from the end`);
  }

  #checkLength({ sequence, segments, target }: ReadPlaylist): void {
    if (this.#last && sequence > this.#last.sequence) this.#everRemoved = true;
    const length = segments.reduce((sum, { duration }) => sum + duration, 0);
    if (this.#everRemoved && length < 3 * target) broken('window-length', `${length} s`);
  }

  #checkSegment(segment: ReadSegment, before: ReadSegment | undefined, playlist: ReadPlaylist): void {
    const { sequence, duration, map, date, parts } = segment;
    const { target, partTarget } = playlist;
    if (Math.round(duration) > target) broken('target-duration', `${sequence} lasts ${duration}`);
    this.#checkPlace(segment, before);
    if (parts.length > 0) {
      const off = duration - partsLength(segment);
      // One that no keyframe ended in time ends where parts have not told of all its long frames.
      const untold = duration > target / 4 ? 2 * partTarget : LATE_FRAME;
      if (off < -LATE_FRAME || off > untold + ROUNDING) broken('part-sum', `${sequence}: ${off} s`);
    }
    const known = this.#segments.get(sequence);
    if (known?.uri !== undefined) {
      const same = known.uri === segment.uri && known.duration === duration && known.date === date;
      if (!same || known.gap !== segment.gap || known.map !== map) broken('segment-unchanged', `${sequence}`);
    }
    if (known && known.discontinuity !== segment.discontinuity)
      broken('discontinuity', `${sequence} has another`);
    this.#segments.set(sequence, segment);
  }

  #checkPlace(segment: ReadSegment, before: ReadSegment | undefined): void {
    const { sequence, map, date, discontinuity } = segment;
    if (map === undefined) broken('map', `${sequence} has none`);
    if (date === undefined || Number.isNaN(date)) broken('program-date-time', `${sequence} has none`);
    if (!before) return;
    if (discontinuity < before.discontinuity) broken('discontinuity', `${sequence} goes back`);
    const isOther = discontinuity !== before.discontinuity;
    if (isOther !== (map !== before.map)) broken('discontinuity', `${sequence}: ${before.map}, then ${map}`);
    const off = Math.abs(date - (before.date ?? Number.NaN) - before.duration);
    if (!isOther && off >= DATE_STEP && off <= PAUSE)
      broken('program-date-time', `${sequence} is ${off} s off`);
  }

  #checkOpen(open: ReadSegment, { segments, sequence }: ReadPlaylist): void {
    if (open.sequence !== sequence + segments.length || open.duration > 0)
      broken('open-segment', `of ${open.sequence}`);
    this.#checkPlace(open, segments.at(-1));
    this.#segments.set(open.sequence, open);
  }

  /** The last part of the open segment may yet turn out to be its last. */
  #checkParts({ segments, open, partTarget, target }: ReadPlaylist): void {
    const all = open ? [...segments, open] : segments;
    let distance = 0;
    for (let index = all.length - 1; index >= 0; index -= 1) {
      const segment = all[index];
      if (!segment) continue;
      distance += segment.uri === undefined ? partsLength(segment) : segment.duration;
      const { parts, sequence } = segment;
      if (parts.length > 0 && distance > PARTS_LISTED * target + ROUNDING)
        broken('old-parts', `${sequence} is ${distance} s from the end`);
      for (const [at, part] of parts.entries()) this.#checkPart(part, partTarget, at === parts.length - 1);
    }
  }

  #checkPart(part: ReadPart, partTarget: number, isLast: boolean): void {
    const { uri, duration, independent } = part;
    if (duration > partTarget + ROUNDING) broken('part-target', `${uri} lasts ${duration}`);
    if (!independent && !isLast && duration < 0.85 * partTarget - ROUNDING)
      broken('part-minimum', `${uri} lasts ${duration}`);
    const known = this.#parts.get(uri);
    if (known && (known.duration !== duration || known.independent !== independent))
      broken('part-unchanged', uri);
    this.#parts.set(uri, part);
  }

  #checkEdge({ hint, open, ended, reports, segments }: ReadPlaylist): void {
    if (ended) {
      if (hint !== undefined || open || reports.length > 0) broken('ended', 'more is promised');
      return;
    }
    if (hint !== undefined && this.#parts.has(hint)) broken('preload-hint', `${hint} is nothing new`);
    if (hint === undefined && open) broken('preload-hint', 'parts come, and none is hinted at');
    for (const report of reports) {
      if (!/^\d+$/.test(report['LAST-MSN'] ?? '')) broken('rendition-report', 'without LAST-MSN');
    }
    const last = this.#last;
    if (!last?.hint || hint === undefined || hint === last.hint || this.#parts.has(last.hint)) return;
    // Where frames turn out to come too slowly, segments are offered whole.
    if (!segments.some(({ parts, gap }) => parts.length === 0 && !gap))
      broken('preload-hint', `${last.hint} did not come`);
  }

  /** What is not listed any more may not come again: that is `media-sequence`. */
  #forget({ sequence, segments, open }: ReadPlaylist): void {
    for (const known of this.#segments.keys()) {
      if (known >= sequence) break;
      this.#segments.delete(known);
    }
    const first = firstPartOf({ segments, open })?.uri;
    for (const uri of this.#parts.keys()) {
      if (uri === first) break;
      this.#parts.delete(uri);
    }
  }
}

const partsLength = (segment: ReadSegment | undefined): number =>
  (segment?.parts ?? []).reduce((sum, { duration }) => sum + duration, 0);

/** A map is said where it changes, which may be among what was left out. */
const withoutMaps = (segments: readonly ReadSegment[]) =>
  segments.map(({ map: _, discontinuity: __, ...said }) => said);

function read(text: string): ReadPlaylist {
  try {
    return readPlaylist(text);
  } catch (error) {
    broken('readable', error instanceof Error ? error.message : String(error));
  }
}

function broken(rule: PlaylistRule, what: string): never {
  throw new BrokenRule(rule, what);
}
