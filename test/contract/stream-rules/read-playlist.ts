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
  readonly control: Attributes;
  readonly sequence: number;
  readonly skipped: number;
  readonly segments: readonly ReadSegment[];
  readonly open: ReadSegment | undefined;
  readonly hint: string | undefined;
  readonly reports: readonly Attributes[];
  readonly ended: boolean;
}

type Attributes = Readonly<Record<string, string>>;

interface Line {
  readonly tag: string;
  readonly value: string;
  readonly attributes: Attributes;
}

/** Many are answered with the same. */
const newest: { readonly text: string; readonly playlist: ReadPlaylist }[] = [];
const MOST_NEWEST = 4;

/** Reads a media playlist for tests. Throws Error on what is forbidden in any single playlist. */
export function readPlaylist(text: string): ReadPlaylist {
  const found = newest.find((read) => read.text === text);
  if (found) return found.playlist;
  const playlist = readLines(text);
  newest.unshift({ text, playlist });
  newest.length = Math.min(newest.length, MOST_NEWEST);
  return playlist;
}

function readLines(text: string): ReadPlaylist {
  if (!text.startsWith('#EXTM3U\n') || !text.endsWith('\n')) throw new Error('does not begin with EXTM3U');
  const reader = new PlaylistReader();
  for (const line of text.slice(0, -1).split('\n')) reader.line(line);
  return reader.finish();
}

/** The oldest part that is listed. */
export const firstPartOf = ({
  segments,
  open,
}: Pick<ReadPlaylist, 'segments' | 'open'>): ReadPart | undefined =>
  segments.find(({ parts }) => parts.length > 0)?.parts[0] ?? open?.parts[0];

/** Nearly all lines of a version were in the one before. */
const known = new Map<string, Line>();
const MOST_KNOWN = 4096;

function readLine(line: string): Line {
  const found = known.get(line);
  if (found) return found;
  if (/\p{Cc}/u.test(line) || line === '') throw new Error(`unexpected: ${JSON.stringify(line)}`);
  const at = line.startsWith('#') ? line.indexOf(':') : 0;
  const tag = at < 0 ? line : line.slice(0, at);
  const value = at < 0 ? '' : line.slice(at === 0 ? 0 : at + 1);
  const read = { tag, value, attributes: readAttributes(value) };
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(line, read);
  return read;
}

class PlaylistReader {
  readonly #values: Record<string, string> = {};
  readonly #segments: ReadSegment[] = [];
  readonly #reports: Attributes[] = [];
  #control: Attributes = {};
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
    const { tag, value, attributes } = readLine(line);
    if (ONCE.has(tag)) {
      if (this.#values[tag] !== undefined) throw new Error(`${tag} comes twice`);
      this.#values[tag] = value;
    }
    if (tag === '') this.#segment(value);
    else this.#tag(tag, value, attributes);
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
      ended: this.#values['#EXT-X-ENDLIST'] !== undefined,
    };
  }

  #tag(tag: string, value: string, attributes: Attributes): void {
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

const ONCE = new Set([
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
]);

function readAttributes(value: string): Attributes {
  const attributes: Record<string, string> = {};
  for (const [, name = '', quoted, plain] of value.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^,"]*))/g)) {
    attributes[name] = quoted ?? plain ?? '';
  }
  return attributes;
}
