/** A part as a playlist tells of it. */
export interface ReadPart {
  readonly uri: string;
  readonly duration: number;
  readonly independent: boolean;
}

/** A segment as a playlist tells of it; without an address while only its parts are there. Seconds. */
export interface ReadSegment {
  readonly sequence: number;
  readonly uri: string | undefined;
  readonly duration: number;
  readonly discontinuity: number;
  readonly map: string | undefined;
  readonly date: number | undefined;
  readonly gap: boolean;
  readonly parts: readonly ReadPart[];
}

/** A media playlist as read here: by its lines, without a word of what writes it. */
export interface ReadPlaylist {
  readonly target: number;
  readonly partTarget: number;
  readonly control: Readonly<Record<string, string>>;
  readonly sequence: number;
  readonly skipped: number;
  readonly segments: readonly ReadSegment[];
  readonly open: ReadSegment | undefined;
  readonly hint: string | undefined;
  readonly reports: readonly Readonly<Record<string, string>>[];
  readonly ended: boolean;
}

/** Reads a media playlist for tests. Throws Error on what the rules forbid in a single playlist. */
export function readPlaylist(text: string): ReadPlaylist {
  if (!text.startsWith('#EXTM3U\n') || !text.endsWith('\n')) throw new Error('does not begin with EXTM3U');
  const reader = new PlaylistReader();
  for (const line of text.slice(0, -1).split('\n')) reader.line(line);
  return reader.finish();
}

class PlaylistReader {
  readonly #seen = new Set<string>();
  readonly #segments: ReadSegment[] = [];
  readonly #reports: Record<string, string>[] = [];
  #values: Record<string, string> = {};
  #control: Record<string, string> = {};
  #partTarget = Number.NaN;
  #skipped = 0;
  #discontinuity = 0;
  #map: string | undefined;
  #date: number | undefined;
  #duration: number | undefined;
  #gap = false;
  #parts: ReadPart[] = [];
  #hint: string | undefined;

  line(line: string): void {
    if (/\p{Cc}/u.test(line) || line === '') throw new Error(`unexpected: ${JSON.stringify(line)}`);
    if (!line.startsWith('#')) {
      this.#segment(line);
      return;
    }
    const [tag = '', value = ''] = splitOnce(line, ':');
    if (ONCE.includes(tag)) {
      if (this.#seen.has(tag)) throw new Error(`${tag} comes twice`);
      this.#seen.add(tag);
      this.#values[tag] = value;
    }
    this.#tag(tag, value);
  }

  finish(): ReadPlaylist {
    const pending = this.#parts.length > 0;
    return {
      target: Number(this.#values['#EXT-X-TARGETDURATION']),
      partTarget: this.#partTarget,
      control: this.#control,
      sequence: Number(this.#values['#EXT-X-MEDIA-SEQUENCE']),
      skipped: this.#skipped,
      segments: this.#segments,
      open: pending ? this.#take(undefined) : undefined,
      hint: this.#hint,
      reports: this.#reports,
      ended: this.#seen.has('#EXT-X-ENDLIST'),
    };
  }

  #tag(tag: string, value: string): void {
    const attributes = readAttributes(value);
    switch (tag) {
      case '#EXT-X-PART-INF':
        this.#partTarget = Number(attributes['PART-TARGET']);
        break;
      case '#EXT-X-SERVER-CONTROL':
        this.#control = attributes;
        break;
      case '#EXT-X-DISCONTINUITY-SEQUENCE':
        this.#discontinuity = Number(value);
        break;
      case '#EXT-X-DISCONTINUITY':
        this.#discontinuity += 1;
        break;
      case '#EXT-X-SKIP':
        this.#skipped = Number(attributes['SKIPPED-SEGMENTS']);
        break;
      case '#EXT-X-MAP':
        this.#map = attributes.URI;
        break;
      case '#EXT-X-PROGRAM-DATE-TIME':
        this.#date = Date.parse(value) / 1000;
        break;
      case '#EXT-X-GAP':
        this.#gap = true;
        break;
      case '#EXTINF':
        this.#duration = Number(value.slice(0, -1));
        break;
      case '#EXT-X-PART':
        this.#parts.push({
          uri: attributes.URI ?? '',
          duration: Number(attributes.DURATION),
          independent: attributes.INDEPENDENT === 'YES',
        });
        break;
      case '#EXT-X-PRELOAD-HINT':
        this.#hint = attributes.URI;
        break;
      case '#EXT-X-RENDITION-REPORT':
        this.#reports.push(attributes);
        break;
    }
  }

  #segment(uri: string): void {
    if (this.#duration === undefined) throw new Error(`no EXTINF before ${uri}`);
    this.#segments.push(this.#take(uri));
  }

  #take(uri: string | undefined): ReadSegment {
    const segment: ReadSegment = {
      sequence: Number(this.#values['#EXT-X-MEDIA-SEQUENCE']) + this.#skipped + this.#segments.length,
      uri,
      duration: this.#duration ?? 0,
      discontinuity: this.#discontinuity,
      map: this.#map,
      date: this.#date,
      gap: this.#gap,
      parts: this.#parts,
    };
    this.#duration = undefined;
    this.#date = undefined;
    this.#gap = false;
    this.#parts = [];
    return segment;
  }
}

const ONCE = [
  '#EXTM3U',
  '#EXT-X-VERSION',
  '#EXT-X-TARGETDURATION',
  '#EXT-X-PART-INF',
  '#EXT-X-SERVER-CONTROL',
  '#EXT-X-MEDIA-SEQUENCE',
  '#EXT-X-DISCONTINUITY-SEQUENCE',
  '#EXT-X-SKIP',
  '#EXT-X-PRELOAD-HINT',
  '#EXT-X-ENDLIST',
];

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function readAttributes(value: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name = '', quoted, plain] of value.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^,"]*))/g)) {
    attributes[name] = quoted ?? plain ?? '';
  }
  return attributes;
}

/** What is written with 5 digits may be off by that much. */
const ROUNDING = 2e-5;

/**
 * The rules of rfc8216bis for a live low-latency playlist, from one version to the next. For tests: throws Error with
 * what is broken.
 */
export class PlaylistRules {
  /** How far back parts are listed at most, and how far they are to be had after that, in target durations. */
  static readonly partsListed = 3;
  readonly #segments = new Map<number, ReadSegment>();
  readonly #parts = new Map<string, ReadPart>();
  #last: ReadPlaylist | undefined;
  #everRemoved = false;

  /** Checks the next version, and answers it as read. */
  check(text: string): ReadPlaylist {
    const playlist = readPlaylist(text);
    this.#checkHeader(playlist);
    this.#checkLength(playlist);
    for (const segment of playlist.segments) this.#checkSegment(segment, playlist);
    if (playlist.open) this.#checkOpen(playlist.open, playlist);
    this.#checkParts(playlist);
    this.#checkEdge(playlist);
    this.#checkOrder(playlist);
    this.#last = playlist;
    for (const sequence of this.#segments.keys())
      if (sequence < playlist.sequence) this.#segments.delete(sequence);
    return playlist;
  }

  #checkHeader({ target, partTarget, control, ended }: ReadPlaylist): void {
    const last = this.#last;
    if (last) {
      holds(last.target === target, 'the target duration changed');
      holds(last.partTarget === partTarget, 'the part target changed');
      holds(!last.ended, 'something came after the end');
    }
    holds(Number(control['HOLD-BACK']) >= 3 * target, 'HOLD-BACK is too small');
    holds(Number(control['PART-HOLD-BACK']) >= 3 * partTarget - ROUNDING, 'PART-HOLD-BACK is too small');
    if (ended) return;
    holds(Number(control['CAN-SKIP-UNTIL']) >= 6 * target, 'CAN-SKIP-UNTIL is too small');
    holds(control['CAN-BLOCK-RELOAD'] === 'YES', 'it cannot be waited for');
  }

  /** §6.2.2: while segments are removed, three target durations stay. */
  #checkLength({ sequence, segments, target }: ReadPlaylist): void {
    if (this.#last && sequence > this.#last.sequence) this.#everRemoved = true;
    const length = segments.reduce((sum, { duration }) => sum + duration, 0);
    if (this.#everRemoved) holds(length >= 3 * target, `only ${length} s are listed`);
  }

  #checkSegment(segment: ReadSegment, { target, partTarget, segments }: ReadPlaylist): void {
    const { sequence, duration, map, date, parts } = segment;
    holds(Math.round(duration) <= target, `segment ${sequence} lasts ${duration}`);
    holds(map !== undefined && date !== undefined, `segment ${sequence} has no map or no date`);
    const before = segments[sequence - (segments[0]?.sequence ?? 0) - 1];
    if (before?.date !== undefined && date !== undefined && before.discontinuity === segment.discontinuity) {
      const off = Math.abs(date - before.date - before.duration);
      holds(off < 0.03 || off > 4, `the date of segment ${sequence} is ${off} s off`);
    }
    if (parts.length > 0) {
      const sum = parts.reduce((total, part) => total + part.duration, 0);
      // One that no keyframe ended in time ends where parts have not told of all its long frames.
      const untold = duration > target / 4 ? 2 * partTarget : 0.1;
      const off = duration - sum;
      holds(off >= -0.1 && off <= untold + ROUNDING, `parts of ${sequence}: ${sum} of ${duration}`);
    }
    const known = this.#segments.get(sequence);
    if (known?.uri !== undefined) {
      const same = known.uri === segment.uri && known.duration === duration && known.date === date;
      holds(same && known.gap === segment.gap && known.map === map, `segment ${sequence} changed`);
    }
    if (known)
      holds(known.discontinuity === segment.discontinuity, `segment ${sequence}: discontinuity changed`);
    this.#segments.set(sequence, segment);
  }

  #checkOpen(open: ReadSegment, { segments, sequence }: ReadPlaylist): void {
    holds(open.sequence === sequence + segments.length, 'parts of another segment than the next');
    holds(open.map !== undefined && open.date !== undefined, 'the open segment has no map or no date');
    this.#segments.set(open.sequence, open);
  }

  /** §4.4.4.9; the last part of the open segment may yet turn out to be its last. */
  #checkParts({ segments, open, partTarget, target, ended }: ReadPlaylist): void {
    const all = open ? [...segments, open] : segments;
    let distance = 0;
    for (const { parts, duration, sequence, uri } of all.toReversed()) {
      const length = uri === undefined ? parts.reduce((sum, part) => sum + part.duration, 0) : duration;
      distance += length;
      if (parts.length > 0) {
        holds(
          distance <= PlaylistRules.partsListed * target + ROUNDING,
          `old parts: ${distance} s from the end`,
        );
      }
      for (const [index, part] of parts.entries()) {
        holds(part.duration <= partTarget + ROUNDING, `part ${part.uri} lasts ${part.duration}`);
        const mayBeShort = part.independent || index === parts.length - 1;
        holds(
          mayBeShort || part.duration >= 0.85 * partTarget - ROUNDING,
          `part ${index} of ${sequence}: ${part.duration}`,
        );
        const known = this.#parts.get(part.uri);
        holds(!known || known.duration === part.duration, `part ${part.uri} changed`);
        this.#parts.set(part.uri, part);
      }
    }
    if (ended) holds(open === undefined, 'parts without a segment at the end');
  }

  #checkEdge({ hint, open, ended, reports, segments }: ReadPlaylist): void {
    if (ended) {
      holds(hint === undefined, 'a hint after the end');
      return;
    }
    holds(hint === undefined || !this.#parts.has(hint), `the hint ${hint} is nothing new`);
    holds(hint !== undefined || open === undefined, 'parts come, and none is hinted at');
    for (const report of reports) holds(/^\d+$/.test(report['LAST-MSN'] ?? ''), 'a report without LAST-MSN');
    const last = this.#last;
    if (!last?.hint || hint === undefined || hint === last.hint) return;
    // Where frames turn out to come too slowly, the segment is offered whole.
    const came = this.#parts.has(last.hint) || segments.some(({ parts, gap }) => parts.length === 0 && !gap);
    holds(came, `what was hinted did not come: ${last.hint}`);
  }

  #checkOrder({ sequence, segments }: ReadPlaylist): void {
    const last = this.#last;
    if (!last) return;
    holds(sequence >= last.sequence, 'the media sequence number went back');
    holds(sequence + segments.length >= last.sequence + last.segments.length, 'segments went from the end');
    for (const { discontinuity, sequence: at } of segments.slice(1)) {
      const before = this.#segments.get(at - 1);
      if (before) holds(discontinuity >= before.discontinuity, 'a discontinuity went back');
    }
  }
}

function holds(rule: boolean, broken: string): void {
  if (!rule) throw new Error(broken);
}
