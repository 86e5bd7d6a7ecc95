import type { Clock } from '../../../src/channel/clock.ts';
import { BrokenRule } from './broken-rule.ts';
import type { Asked, Directives, Origin } from './presentation-origin.ts';
import { firstPartOf, type ReadPlaylist, type ReadSegment, readPlaylist } from './read-playlist.ts';

/** What is judged of the answers to those who ask for a playlist or a part ahead, with its clause of rfc8216bis. */
export const RELOAD_RULES = {
  'part-without-msn': '§6.2.5.2: _HLS_part without _HLS_msn is 400',
  'too-far': '§6.2.5.2: who asks for what is far ahead is told so, by 400',
  'not-early': '§6.2.5.2: no playlist without the part that was asked for',
  'not-late': '§6.2.5.2: as soon as it is there the playlist is sent',
  'whole-segment': '§6.2.5.2: without _HLS_part it is the whole segment that is waited for, as Safari does',
  'next-segment': '§6.2.5.2: a part beyond the last of its segment is the first of the next',
  'not-in-time': '§6.2.5.2: 503 after three target durations, and not before',
  'after-end': '§6.2.5: after ENDLIST directives are ignored',
  'whole-part': '§6.2.6: no byte of a part is sent before all of it is there, and then at once',
  'part-content': '§3.2: parts are the bytes of their segment',
  'parts-kept': '§6.2.2: parts stay for three target durations after they were listed last',
  'segments-kept': '§6.2.2: segments stay for as long as they and a playlist last',
} as const;

/** A key of {@link RELOAD_RULES}. */
type ReloadRule = keyof typeof RELOAD_RULES;

/** A request that may wait. */
interface Waiting {
  readonly rule: 'not-early' | 'whole-segment' | 'next-segment';
  readonly sequence: number;
  readonly part: number | undefined;
  readonly asked: Asked;
  readonly since: number;
}

/** What was listed, and has to be there until then. */
interface Kept {
  readonly uri: string;
  readonly until: number;
}

/** Every so many versions something is asked that makes no sense. */
const NONSENSE_EVERY = 101;
/** So often it is looked for who has waited too long, and so seldom time goes on here; ms. */
const SWEEP = 1100;
/** How far ahead may be asked for, in seconds of parts. */
const PARTS_AHEAD = 3;
const WAIT_IN_TARGETS = 3;
const NOBODY: Directives = {};

/** Players that ask ahead for one track all the time, and what they are to be answered. */
export class ReloadRules {
  readonly #origin: Origin;
  readonly #track: 'video' | 'audio';
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();
  readonly #kept: (Kept & { readonly rule: 'parts-kept' | 'segments-kept' })[] = [];
  #hinted: { readonly uri: string; readonly asked: Asked; readonly since: number } | undefined;
  #partBytes = new Map<string, Buffer>();
  #last: ReadPlaylist | undefined;
  #versions = 0;
  #longest = 0;

  constructor(origin: Origin, track: 'video' | 'audio', clock: Clock) {
    this.#origin = origin;
    this.#track = track;
    this.#clock = clock;
  }

  /**
   * Looks at what waits: `playlist` is the newest version, and all that it allows was sent. With `turn` answers come in that do
   * not wait. Throws BrokenRule.
   */
  async look(playlist: ReadPlaylist, turn: () => Promise<void>): Promise<void> {
    if (playlist.ended) return await this.#checkEnd(turn);
    const isNew = playlist !== this.#last;
    for (const [player, waiting] of this.#waiting) {
      if (this.#checkWaiting(waiting, playlist)) this.#waiting.delete(player);
    }
    this.#checkHinted(playlist);
    if (isNew) {
      this.#noteRemoved(playlist);
      this.#versions += 1;
      this.#askAhead(playlist);
      if (this.#versions % NONSENSE_EVERY === 0) await this.#checkNonsense(playlist, turn);
      await this.#checkContent(playlist, turn);
    }
    await this.#checkKept(turn);
    this.#last = playlist;
  }

  #askAhead(playlist: ReadPlaylist): void {
    const { lastSequence, openParts, lastParts } = edgeOf(playlist);
    const next = lastSequence + 1;
    this.#ask('low latency', 'not-early', next, openParts);
    this.#ask('Safari', 'whole-segment', next, undefined);
    if (openParts === 0 && lastParts > 0) this.#ask('at the seam', 'next-segment', lastSequence, lastParts);
    const { hint } = playlist;
    if (hint !== undefined && !this.#hinted)
      this.#hinted = { uri: hint, asked: this.#origin.media(hint), since: this.#clock.now() };
  }

  #ask(player: string, rule: Waiting['rule'], sequence: number, part: number | undefined): void {
    if (this.#waiting.has(player)) return;
    const directives = {
      _HLS_msn: String(sequence),
      ...(part !== undefined && { _HLS_part: String(part) }),
    };
    const asked = this.#origin.playlist(this.#track, directives);
    this.#waiting.set(player, { rule, sequence, part, asked, since: this.#clock.now() });
  }

  /** Whether it waits no more. */
  #checkWaiting(waiting: Waiting, playlist: ReadPlaylist): boolean {
    const { rule, asked, sequence, part, since } = waiting;
    const what = `${this.#track} ${sequence}, part ${part}`;
    if (asked.status === undefined) {
      if (isIn(playlist, sequence, part) === true) broken('not-late', `${what} is there`);
      this.#checkAge(since, playlist.target, what);
      return false;
    }
    if (asked.status === 503) {
      this.#checkRefusal(since, playlist.target, what);
      return true;
    }
    if (asked.status !== 200) broken(rule, `${what}: ${asked.status}`);
    if (isIn(readPlaylist(asked.body.toString()), sequence, part) === false)
      broken(rule, `${what} is not there`);
    return true;
  }

  #checkAge(since: number, target: number, what: string): void {
    const age = this.#clock.now() - since;
    if (age > WAIT_IN_TARGETS * target * 1000 + SWEEP) broken('not-in-time', `${what} waits for ${age} ms`);
  }

  #checkRefusal(since: number, target: number, what: string): void {
    const age = this.#clock.now() - since;
    if (age < WAIT_IN_TARGETS * target * 1000) broken('not-in-time', `${what} was refused after ${age} ms`);
  }

  #checkHinted(playlist: ReadPlaylist): void {
    const hinted = this.#hinted;
    if (!hinted) return;
    const { uri, asked, since } = hinted;
    const { segments, open } = playlist;
    const listed =
      open?.parts.some((part) => part.uri === uri) || segments.at(-1)?.parts.some((part) => part.uri === uri);
    if (asked.status === undefined) {
      if (listed) broken('whole-part', `${uri} is there and was not sent`);
      this.#checkAge(since, playlist.target, uri);
      return;
    }
    this.#hinted = undefined;
    if (asked.status === 503) {
      this.#checkRefusal(since, playlist.target, uri);
      return;
    }
    const isWhole = asked.ended && asked.length === asked.body.byteLength;
    if (asked.status !== 200 || !isWhole) broken('whole-part', `${uri}: ${asked.status}`);
    this.#longest = Math.max(this.#longest, asked.body.byteLength);
    // Segments that turn out to be without parts have those that were hinted at nonetheless.
    if (!listed && segments.at(-1)?.parts.length !== 0)
      broken('whole-part', `${uri} came before it was there`);
    this.#partBytes.set(uri, asked.body);
  }

  async #checkContent({ segments }: ReadPlaylist, turn: () => Promise<void>): Promise<void> {
    const last = segments.at(-1);
    const before = this.#last?.segments.at(-1);
    if (!last?.uri || last.sequence === before?.sequence) return;
    const parts = last.parts.map(({ uri }) => this.#partBytes.get(uri));
    this.#partBytes = new Map();
    if (parts.length === 0 || parts.includes(undefined)) return;
    const segment = this.#origin.media(last.uri);
    await turn();
    const whole = Buffer.concat(parts.filter((part) => part !== undefined));
    if (segment.status !== 200 || !whole.equals(segment.body)) broken('part-content', last.uri);
  }

  #noteRemoved(playlist: ReadPlaylist): void {
    const { segments, target } = playlist;
    const last = this.#last;
    if (!last) return;
    const now = this.#clock.now();
    const gone = firstPartOf(last);
    if (gone && gone.uri !== firstPartOf(playlist)?.uri) {
      const until = now + WAIT_IN_TARGETS * target * 1000;
      this.#kept.push({ rule: 'parts-kept', uri: gone.uri, until });
    }
    const length = last.segments.reduce((sum, { duration }) => sum + duration, 0);
    const first = segments[0]?.sequence ?? 0;
    const removed = last.segments.find(({ sequence, gap }) => sequence < first && !gap);
    if (removed?.uri) {
      const until = now + (length + removed.duration) * 1000;
      this.#kept.push({ rule: 'segments-kept', uri: removed.uri, until });
    }
  }

  /** In the last second that they have to be there. */
  async #checkKept(turn: () => Promise<void>): Promise<void> {
    const now = this.#clock.now();
    for (let next = this.#kept.findIndex(({ until }) => until - now < 1000); next >= 0; ) {
      const [kept] = this.#kept.splice(next, 1);
      next = this.#kept.findIndex(({ until }) => until - now < 1000);
      if (!kept || kept.until <= now) continue;
      const asked = this.#origin.media(kept.uri);
      await turn();
      if (asked.status !== 200)
        broken(kept.rule, `${kept.uri}: ${asked.status}, ${kept.until - now} ms early`);
    }
  }

  async #checkNonsense(playlist: ReadPlaylist, turn: () => Promise<void>): Promise<void> {
    const { lastSequence, openParts } = edgeOf(playlist);
    const next = lastSequence + 1;
    const ahead = openParts + Math.ceil(PARTS_AHEAD / playlist.partTarget) + 1;
    const ask = (directives: Directives) => this.#origin.playlist(this.#track, directives);
    const without = ask({ _HLS_part: '1' });
    const far = [
      ask({ _HLS_msn: String(next + 2) }),
      ask({ _HLS_msn: String(next), _HLS_part: String(ahead) }),
      ask({ _HLS_msn: '999999999' }),
    ];
    await turn();
    if (without.status !== 400) broken('part-without-msn', `${without.status}`);
    for (const { status } of far) if (status !== 400) broken('too-far', `${status}`);
  }

  async #checkEnd(turn: () => Promise<void>): Promise<void> {
    const ask = (directives: Directives) => this.#origin.playlist(this.#track, directives);
    const plain = ask(NOBODY);
    const others = [{ _HLS_msn: '999999999' }, { _HLS_part: '1' }, { _HLS_msn: 'x', _HLS_skip: 'YES' }].map(
      ask,
    );
    await turn();
    const waited = [...this.#waiting.values()].map(({ asked }) => asked);
    for (const { status, body } of [...others, ...waited]) {
      if (status !== 200 || !body.equals(plain.body)) broken('after-end', `${status}`);
    }
    this.#waiting.clear();
  }
}

function edgeOf({ sequence, segments, open }: ReadPlaylist) {
  const last = segments.at(-1);
  return {
    lastSequence: sequence + segments.length - 1,
    lastParts: partsOf(last),
    openParts: partsOf(open),
  };
}

const partsOf = (segment: ReadSegment | undefined): number => segment?.parts.length ?? 0;

/** Whether what was asked for is in that playlist (§6.2.5.2); undefined where its parts are not listed any more. */
function isIn(playlist: ReadPlaylist, sequence: number, part: number | undefined): boolean | undefined {
  const { lastSequence, lastParts, openParts } = edgeOf(playlist);
  if (sequence > lastSequence + 1) return false;
  if (sequence < lastSequence) return true;
  if (sequence > lastSequence) return part !== undefined && part < openParts;
  if (part === undefined || part < lastParts || openParts > 0) return true;
  return lastParts > 0 ? false : undefined;
}

function broken(rule: ReloadRule, what: string): never {
  throw new BrokenRule(rule, what);
}
