import HLS from 'hls-parser';
// @ts-expect-error: it has no types; what is used of it is declared below.
import { Parser } from 'm3u8-parser';
import { BrokenRule } from './broken-rule.ts';
import type { ReadPlaylist } from './read-playlist.ts';

/** What is used of m3u8-parser. */
interface M3u8Parser {
  readonly manifest: {
    readonly mediaSequence: number;
    readonly targetDuration: number;
    readonly endList?: boolean;
    readonly segments: readonly { readonly uri: string; readonly duration: number }[];
  };
  push(text: string): void;
  end(): void;
}

// It warns of parts that are short, and knows no exception for those with a keyframe.
HLS.setOptions({ silent: true });
const M3u8: new () => M3u8Parser = Parser;

/** Reads a playlist with two parsers of other people, which are to find what is found here. Throws BrokenRule. */
export function checkOtherParsers(text: string, playlist: ReadPlaylist): void {
  const { sequence, target, partTarget, segments, ended } = playlist;
  const ours = segments.map(({ uri, duration }) => ({ uri, duration }));
  const parsed = HLS.parse(text);
  if (!(parsed instanceof HLS.types.MediaPlaylist)) throw new BrokenRule('hls-parser', 'no media playlist');
  const found = {
    sequence: parsed.mediaSequenceBase,
    target: parsed.targetDuration,
    partTarget: parsed.partTargetDuration,
    ended: parsed.endlist,
    segments: listed(parsed.segments),
    parts: parsed.segments
      .map(({ parts }) => parts.filter(({ hint }) => !hint).length)
      .filter((count) => count > 0),
  };
  const parts = [...segments, ...(playlist.open ? [playlist.open] : [])].map(
    (segment) => segment.parts.length,
  );
  const expected = { sequence, target, partTarget, ended, segments: ours };
  compare('hls-parser', found, { ...expected, parts: parts.filter((count) => count > 0) });
  const parser = new M3u8();
  parser.push(text);
  parser.end();
  const { manifest } = parser;
  const other = {
    sequence: manifest.mediaSequence,
    target: manifest.targetDuration,
    ended: manifest.endList ?? false,
    segments: listed(manifest.segments),
  };
  compare('m3u8-parser', other, { sequence, target, ended, segments: ours });
}

/** Complete ones: the parts behind them are a segment without an address there. */
const listed = (segments: readonly { readonly uri: string; readonly duration: number }[]) =>
  segments.filter(({ uri }) => uri).map(({ uri, duration }) => ({ uri, duration }));

function compare(parser: string, found: object, expected: object): void {
  const [theirs, ours] = [JSON.stringify(found), JSON.stringify(expected)];
  if (theirs !== ours) throw new BrokenRule(parser, `${theirs} instead of ${ours}`);
}
