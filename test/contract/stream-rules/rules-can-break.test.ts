import { describe, expect, it } from 'vitest';
import { milliseconds, ticks } from '../../../src/media/time.ts';
import type { Segment } from '../../../src/package/segment.ts';
import { BrokenRule } from './broken-rule.ts';
import { judgeStream, type Lie } from './judged-stream.ts';
import { MANIFEST_RULES } from './manifest-rules.ts';
import { MEDIA_RULES } from './media-rules.ts';
import { checkOtherParsers } from './other-parsers.ts';
import { PLAYLIST_RULES } from './playlist-rules.ts';
import type { Asked, Directives, Origin } from './presentation-origin.ts';
import { readPlaylist } from './read-playlist.ts';
import { RELOAD_RULES } from './reload-rules.ts';
import type { Behaviour } from './simulated-stream.ts';

const steady = { frame: () => 1000 / 30, name: 'steady' };
/** Long enough that segments go, with a session of its own in what is listed, and a pause. */
const STREAM: readonly Behaviour[] = [
  { ...steady, seconds: 62, keyframes: 2 },
  { ...steady, seconds: 9, newSession: true },
  { ...steady, seconds: 6, away: 14 },
];

/** The rule that is broken when players are told this. */
async function brokenBy(lie: Lie): Promise<string | undefined> {
  try {
    await judgeStream({ behaviours: STREAM, window: milliseconds(32_000), otherParsersEvery: 31, lie });
    return undefined;
  } catch (error) {
    if (error instanceof BrokenRule) return error.rule;
    throw error;
  }
}

const answer = (status: number | undefined, body = Buffer.alloc(0), more: Partial<Asked> = {}): Asked => ({
  status,
  body,
  length: body.byteLength,
  ended: status !== undefined,
  ...more,
});

/** What is asked, answered otherwise once it is answered. */
const changed = (asked: Asked, change: (asked: Asked) => Partial<Asked>): Asked => ({
  get status() {
    const status = change(asked);
    return 'status' in status ? status.status : asked.status;
  },
  get length() {
    return asked.length;
  },
  get body() {
    return change(asked).body ?? asked.body;
  },
  get ended() {
    return asked.ended;
  },
});

/** Edits playlists of the picture that are long enough to be edited, whoever asks. */
const playlists = (edit: (text: string) => string, least = 10): Lie => ({
  origin: (origin) => ({
    ...bound(origin),
    playlist: (track, directives) => {
      const asked = origin.playlist(track, directives);
      if (track === 'audio') return asked;
      return changed(asked, ({ body }) => {
        const text = body.toString();
        const enough = (text.match(/#EXTINF/g)?.length ?? 0) >= least && !text.includes('ENDLIST');
        return enough ? { body: Buffer.from(edit(text)) } : {};
      });
    },
  }),
});

const bound = (origin: Origin): Origin => ({
  playlist: (track, directives) => origin.playlist(track, directives),
  media: (name) => origin.media(name),
  manifest: () => origin.manifest(),
});

/** Edits a line, the last of its kind. */
const lastLine = (pattern: RegExp, edit: (line: string) => string) => (text: string) => {
  const lines = text.split('\n');
  const at = lines.findLastIndex((line) => pattern.test(line));
  return lines.flatMap((line, index) => (index === at ? edit(line).split('\n') : [line])).join('\n');
};

const firstLine = (pattern: RegExp, edit: (line: string) => string) => (text: string) => {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => pattern.test(line));
  return lines.flatMap((line, index) => (index === at ? edit(line).split('\n') : [line])).join('\n');
};

/** Parts of the segment that is being made, where there are so many. */
const openParts = (least: number, edit: (parts: string[]) => string[]) => (text: string) => {
  const end = text.lastIndexOf('.m4s\n#EXT-X-P') + 5;
  const [head, open] = [text.slice(0, end), text.slice(end)];
  const lines = open.split('\n');
  const parts = lines.filter((line) => line.startsWith('#EXT-X-PART:'));
  if (parts.length < least) return text;
  const edited = edit(parts);
  return head + lines.map((line) => edited[parts.indexOf(line)] ?? line).join('\n');
};

/** What is said once is said again, so that only one version differs from those before. */
const from = (version: number, edit: (text: string) => string) => {
  let versions = 0;
  return (text: string) => {
    versions += 1;
    return versions < version ? text : edit(text);
  };
};

const withoutOldest = (text: string): string => {
  const last = text.split('\n').filter((line) => /^[^#].*\.m4s$/.test(line)).length - 3;
  const cut = text.indexOf('\n#EXT-X-PROGRAM', nth(text, '\n#EXT-X-PROGRAM', last));
  const sequence = Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]) + last;
  const map = /#EXT-X-MAP:.*/.exec(text)?.[0];
  const head = text
    .slice(0, text.indexOf('#EXT-X-MAP'))
    .replace(/MEDIA-SEQUENCE:\d+/, `MEDIA-SEQUENCE:${sequence}`);
  return `${head}${map}${text.slice(cut)}`;
};

function nth(text: string, what: string, count: number): number {
  let at = -1;
  for (let index = 0; index < count; index += 1) at = text.indexOf(what, at + 1);
  return at + 1;
}

const PLAYLIST_LIES: Readonly<Record<keyof typeof PLAYLIST_RULES, Lie>> = {
  readable: playlists((text) => text.replace('#EXT-X-TARGET', '#EXT-X-TARGETDURATION:4\n#EXT-X-TARGET')),
  'target-duration': playlists(lastLine(/^#EXTINF/, () => '#EXTINF:5,')),
  'part-target': playlists(openParts(2, (parts) => parts.map((part) => part.replace(/=0\.\d+/, '=0.3')))),
  'part-minimum': playlists(
    openParts(3, ([first = '', second = '', ...rest]) => [first, second.replace(/=0\.\d+/, '=0.1'), ...rest]),
  ),
  'part-sum': playlists(lastLine(/^#EXTINF/, () => '#EXTINF:3,')),
  'part-hold-back': playlists((text) => text.replace(/PART-HOLD-BACK=[\d.]+/, 'PART-HOLD-BACK=0.4')),
  'hold-back': playlists((text) => text.replace(/,HOLD-BACK=[\d.]+/, ',HOLD-BACK=8')),
  'can-skip-until': playlists((text) => text.replace(/SKIP-UNTIL=[\d.]+/, 'SKIP-UNTIL=20')),
  'can-block-reload': playlists((text) => text.replace('CAN-BLOCK-RELOAD=YES,', '')),
  'skip-boundary': playlists((text) =>
    text.includes('#EXT-X-SKIP') ? text.replace(/\n#EXTINF:[^\n]*\n[^\n]*\n/, '\n') : text,
  ),
  'window-length': playlists(withoutOldest, 16),
  'old-parts': playlists(
    firstLine(/^#EXTINF/, (line) => `#EXT-X-PART:DURATION=2,URI="x",INDEPENDENT=YES\n${line}`),
  ),
  'head-unchanged': playlists(from(20, (text) => text.replace(/PART-TARGET=[\d.]+/, 'PART-TARGET=0.2'))),
  'segment-unchanged': playlists(
    from(
      20,
      firstLine(/^#EXTINF/, () => '#EXTINF:2.01,'),
    ),
  ),
  'part-unchanged': playlists(
    openParts(2, (parts) =>
      parts.map((part, index) => (index === 0 ? part.replace(',INDEPENDENT=YES', '') : part)),
    ),
  ),
  'media-sequence': playlists((text) =>
    text.replace(/MEDIA-SEQUENCE:(\d+)/, (head, n) => (n < 3 ? head : `MEDIA-SEQUENCE:${n - 2}`)),
  ),
  discontinuity: playlists((text) => text.replace('#EXT-X-DISCONTINUITY\n', '')),
  map: playlists((text) => text.replace(/#EXT-X-MAP.*\n/g, '')),
  'program-date-time': playlists(
    lastLine(/^#EXT-X-PROG/, (line) => {
      const date = Date.parse(line.slice('#EXT-X-PROGRAM-DATE-TIME:'.length)) + 1000;
      return `#EXT-X-PROGRAM-DATE-TIME:${new Date(date).toISOString()}`;
    }),
  ),
  'open-segment': playlists((text) => text.replace('#EXT-X-PRELOAD', '#EXTINF:2,\n#EXT-X-PRELOAD')),
  'preload-hint': playlists((text) => {
    const part = /PART:.*URI="([^"]+)"/.exec(text)?.[1];
    return text.replace(/(HINT.*URI=)"[^"]+"/, `$1"${part}"`);
  }),
  'rendition-report': playlists((text) => text.replace(/LAST-MSN=\d+/, 'LAST-MSN=3')),
  ended: playlists((text) => `${text}#EXT-X-ENDLIST\n`),
};

/** Answers requests for the picture's playlist otherwise. */
const answers = (lie: (directives: Directives, origin: Origin) => Asked | undefined): Lie => ({
  origin: (origin) => ({
    ...bound(origin),
    playlist: (track, directives) =>
      lie(directives, { ...origin, playlist: (_, other) => origin.playlist(track, other) }) ??
      origin.playlist(track, directives),
  }),
});

const plain = (origin: Origin) => origin.playlist('video', {});
const media = (lie: (name: string, origin: Origin) => Asked | undefined): Lie => ({
  origin: (origin) => ({ ...bound(origin), media: (name) => lie(name, origin) ?? origin.media(name) }),
});

/** Has forgotten what is older than that. */
const forgetful = (pattern: RegExp, age: number): Lie => {
  let newest = 0;
  return media((name) => {
    const number = Number(pattern.exec(name)?.[1] ?? Number.NaN);
    if (number > newest) newest = number;
    return number < newest - age ? answer(404) : undefined;
  });
};

const RELOAD_LIES: Readonly<Record<keyof typeof RELOAD_RULES, Lie>> = {
  'part-without-msn': answers(({ _HLS_part, _HLS_msn }, origin) =>
    _HLS_part !== undefined && _HLS_msn === undefined ? plain(origin) : undefined,
  ),
  'too-far': answers(({ _HLS_msn }, origin) => (_HLS_msn === '999999999' ? plain(origin) : undefined)),
  'not-early': answers(({ _HLS_part, _HLS_msn }, origin) =>
    _HLS_part !== undefined && _HLS_msn !== undefined ? plain(origin) : undefined,
  ),
  'not-late': answers(({ _HLS_part }) => (_HLS_part === undefined ? undefined : answer(undefined))),
  'whole-segment': answers(({ _HLS_part, _HLS_msn }, origin) =>
    _HLS_part === undefined && _HLS_msn !== undefined
      ? origin.playlist('video', { _HLS_msn, _HLS_part: '2' })
      : undefined,
  ),
  'next-segment': answers(({ _HLS_part = '0' }, origin) =>
    Number(_HLS_part) > 8 ? plain(origin) : undefined,
  ),
  'not-in-time': answers((directives, origin) =>
    changed(origin.playlist('video', directives), ({ status }) =>
      status === 503 ? { status: undefined } : {},
    ),
  ),
  'after-end': answers(({ _HLS_msn }) => (_HLS_msn === '999999999' ? answer(400) : undefined)),
  'whole-part': media((name) =>
    name.includes('part-') ? answer(200, Buffer.alloc(0), { ended: false, length: undefined }) : undefined,
  ),
  'part-content': media((name, origin) =>
    name.includes('part-')
      ? undefined
      : changed(origin.media(name), ({ body }) => ({ body: Buffer.concat([body, body]) })),
  ),
  'parts-kept': forgetful(/part-(\d+)/, 100),
  'segments-kept': forgetful(/\/(\d+)\.m4s/, 20),
};

const segments = (edit: (segment: Segment) => Partial<Segment>): Lie => ({
  segment: (segment) =>
    segment.epoch.tracks.length > 1 && segment.sequence > 4 && segment.chunks.length > 30
      ? { ...plainOf(segment), ...edit(segment) }
      : segment,
});

/** A segment's getters do not come along when it is spread. */
const plainOf = (segment: Segment): Segment => ({
  ...segment,
  sequence: segment.sequence,
  epoch: segment.epoch,
  timescale: segment.timescale,
  start: segment.start,
  duration: segment.duration,
  independent: segment.independent,
  chunks: segment.chunks,
  parts: segment.parts,
  parted: segment.parted,
  byteLength: segment.byteLength,
  complete: segment.complete,
  gap: segment.gap,
});

const MEDIA_LIES: Readonly<Record<keyof typeof MEDIA_RULES, Lie>> = {
  chunk: segments(({ chunks }) => ({
    chunks: chunks.map((chunk) => ({ ...chunk, bytes: chunk.bytes.subarray(0, -1) })),
  })),
  init: segments(({ epoch }) => ({ epoch: { ...epoch, index: 99 }, timescale: 1 as never })),
  'decode-time': segments(({ chunks }) => ({ chunks: chunks.toReversed() })),
  'segment-start': segments(({ start }) => ({ start: ticks(start + 1) })),
  'segment-length': segments(({ duration }) => ({ duration: ticks(duration * 1.2) })),
  'segment-keyframe': segments(({ chunks, start, parts }) => ({
    chunks: chunks.slice(1),
    parts: parts.map((part) => ({ ...part, independent: false })),
    start: ticks(start + (chunks[0]?.duration ?? 0)),
    independent: false,
  })),
  'part-bytes': segments(({ parts }) => ({ parts: parts.slice(1) })),
  'part-independent': segments(({ parts }) => ({
    parts: parts.map((part) => ({ ...part, independent: true })),
  })),
  size: segments(({ byteLength }) => ({ byteLength: (byteLength + 1) as never })),
};

const manifests = (edit: (text: string) => string): Lie => ({
  origin: (origin) => ({
    ...bound(origin),
    manifest: () => changed(origin.manifest(), ({ body }) => ({ body: Buffer.from(edit(body.toString())) })),
  }),
});

const moved = (text: string, id: string, by: number) =>
  text.replace(new RegExp(`(${id}" start="PT)([\\d.]+)`), (_, head, at) => `${head}${Number(at) + by}`);
const after = (count: number, edit: (text: string) => string) => from(count, edit);

const MANIFEST_LIES: Readonly<Record<keyof typeof MANIFEST_RULES, Lie>> = {
  'head-unchanged': manifests(after(30, (text) => text.replace(/StartTime="2026/, 'StartTime="2025'))),
  'publish-time': manifests(after(30, (text) => text.replace(/(publishTime="20)26/, '$125'))),
  'service-description': manifests((text) => text.replace(/<Latency[^>]*>/, '')),
  'period-order': manifests((text) => text.replace(/id="p0-1"/, 'id="p0-0"')),
  'period-unchanged': manifests(after(30, (text) => moved(text, 'p0-0', 0.01))),
  'period-continuity': manifests((text) => moved(text, 'p0-1', -5)),
  'timeline-order': manifests((text) =>
    text.replace(/(p0-1.*?startNumber=")(\d+)/s, (_, head, number) => `${head}${Number(number) + 1}`),
  ),
  'timeline-segments': manifests((text) => text.replace(/ d="(\d+)"/, (_, d) => ` d="${Number(d) - 90}"`)),
  'segment-duration': manifests((text) => text.replace(/(maxSegmentDuration=")PT4S/, '$1PT1S')),
  window: manifests((text) => text.replace(/(timeShiftBufferDepth=")PT32S/, '$1PT50S')),
  'availability-start': manifests((text) => moved(text, 'p0-0', 5)),
  'availability-end': {
    held: (find) => {
      let newest = 0;
      return (kind, number) => {
        newest = Math.max(newest, number);
        return number < newest - 17 ? undefined : find(kind, number);
      };
    },
  },
  ended: manifests((text) => text.replace(/(mediaPresentationDuration=")PT[\d.]+/, '$1PT3')),
  'other-parser': manifests((text) => text.replace('<Period', '<BaseURL>elsewhere/</BaseURL><Period')),
};

/** The points that catch implementers, and what judges them. */
const POINTS: Readonly<
  Record<
    string,
    readonly (keyof typeof PLAYLIST_RULES | keyof typeof RELOAD_RULES | keyof typeof MEDIA_RULES)[]
  >
> = {
  'part durations are at most PART-TARGET and at least 85 % of it': ['part-target', 'part-minimum'],
  'PART-HOLD-BACK is at least three part targets': ['part-hold-back'],
  'HOLD-BACK is at least three target durations, CAN-SKIP-UNTIL six': ['hold-back', 'can-skip-until'],
  '_HLS_part without _HLS_msn is 400': ['part-without-msn'],
  'too far ahead is 400': ['too-far'],
  'blocked beyond three target durations is 503': ['not-in-time'],
  'a part beyond the end of its segment is the first of the next': ['next-segment'],
  'directives after ENDLIST are ignored': ['after-end'],
  'no byte of a part is sent before the whole part is there': ['whole-part', 'part-content'],
  'part tags older than three target durations go, their files stay three more': ['old-parts', 'parts-kept'],
  'Safari’s _HLS_msn without _HLS_part is not answered early': ['whole-segment'],
  'CMAF: tfdt goes on, segments start where they say and at keyframes, parts are of the right size': [
    ...(['decode-time', 'segment-start', 'segment-keyframe', 'part-bytes', 'size'] as const),
  ],
};

describe('a rule', () => {
  it.each(Object.entries(POINTS))('is there for: %s', (_, rules) => {
    const all = { ...PLAYLIST_LIES, ...RELOAD_LIES, ...MEDIA_LIES };
    for (const rule of rules) expect(all).toHaveProperty([rule]);
  });

  it.each([
    ['playlists', PLAYLIST_LIES, PLAYLIST_RULES],
    ['answers', RELOAD_LIES, RELOAD_RULES],
    ['media', MEDIA_LIES, MEDIA_RULES],
    ['manifests', MANIFEST_LIES, MANIFEST_RULES],
  ] as const)(
    'of %s is broken by what it forbids, each by its own',
    { timeout: 120_000 },
    async (_, lies, rules) => {
      const found: Record<string, string | undefined> = {};
      for (const [rule, lie] of Object.entries(lies)) found[rule] = await brokenBy(lie);
      expect(found).toEqual(Object.fromEntries(Object.keys(rules).map((rule) => [rule, rule])));
    },
  );

  it('is broken by nothing where nobody lies', async () => {
    expect(await brokenBy({})).toBeUndefined();
  });

  it('is also what other parsers have to find', () => {
    const text = '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:2,\n7.m4s\n';
    const read = readPlaylist(text);
    expect(() => checkOtherParsers(text, { ...read, sequence: 8 })).toThrow(BrokenRule);
  });
});
