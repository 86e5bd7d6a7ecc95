import HLS from 'hls-parser';
// @ts-expect-error: it has no types; what is used of it is declared below.
import { Parser } from 'm3u8-parser';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { formatMediaPlaylist } from '../../media/hls/format-media-playlist.ts';
import { Mp4Demuxer } from '../../media/mp4/mp4-demuxer.ts';
import { bytes, milliseconds } from '../../media/time.ts';
import type { Segment, SegmentLimits } from '../../package/segment.ts';
import type { SegmentTrack } from '../../package/segment-track.ts';
import { Presentation } from '../http/presentation.ts';
import { WaitingPlaces } from '../http/waiting-list.ts';
import { playlistOfTrack } from './playlist-of-track.ts';
import { PlaylistRules, type ReadPlaylist, readPlaylist } from './playlist-rules.ts';
import { type Behaviour, simulateStream } from './simulated-stream.ts';

/** What is used of m3u8-parser. */
interface M3u8Manifest {
  readonly mediaSequence: number;
  readonly endList?: boolean;
  readonly segments: readonly {
    readonly uri: string;
    readonly duration: number;
    readonly timeline: number;
  }[];
}
interface M3u8Parser {
  readonly manifest: M3u8Manifest;
  push(text: string): void;
  end(): void;
}
// It warns of parts that are short, and knows no exception for those with a keyframe.
HLS.setOptions({ silent: true });
const M3u8: new () => M3u8Parser = Parser;

const LIMITS: SegmentLimits = {
  segment: milliseconds(2000),
  part: milliseconds(200),
  window: milliseconds(30_000),
  maxBytes: bytes(64 * 1024 * 1024),
};
/** So many versions are read by the other parsers, too. */
const EVERY = 53;

const rate = (fps: number, jitter: number) => (random: () => number) =>
  1000 / fps + (random() - 0.5) * 2 * jitter;

const DAY: readonly Behaviour[] = [
  { name: 'a camera', seconds: 600, frame: rate(30, 1) },
  { name: 'a camera in bad light', seconds: 300, frame: rate(30, 14), newSession: true },
  { name: '25 frames', seconds: 120, frame: rate(25, 3), keyframes: 2 },
  { name: 'cinema', seconds: 120, frame: rate(24, 0.5), keyframes: 4, packet: 20, newSession: true },
  { name: '15 frames', seconds: 120, frame: rate(15, 2) },
  { name: '8 frames, which fit no part', seconds: 120, frame: rate(8, 5) },
  { name: 'a screen on which little moves', seconds: 300, frame: (random) => (random() < 0.1 ? 700 : 33) },
  {
    name: 'a screen on which nothing moves',
    seconds: 300,
    frame: rate(1, 20),
    keyframes: 5,
    newSession: true,
  },
  { name: 'any rate', seconds: 900, frame: (random) => 10 + random() ** 4 * 1500, keyframes: 3 },
  {
    name: 'hiccups',
    seconds: 300,
    frame: (random) => (random() < 0.01 ? 450 : 33),
    packet: 20,
    newSession: true,
  },
  { name: 'rare keyframes', seconds: 300, frame: rate(30, 2), keyframes: 30 },
  { name: 'freezes', seconds: 300, frame: (random) => (random() < 0.002 ? 9000 : 33), packet: 20 },
  { name: 'lost sound', seconds: 60, frame: rate(30, 2), silence: 7000 },
  { name: 'high rate', seconds: 120, frame: rate(60, 4), newSession: true },
  { name: 'short sessions', seconds: 3, frame: rate(30, 2), newSession: true },
  { name: 'shorter than a segment', seconds: 1, frame: rate(30, 2), newSession: true },
  { name: 'a camera again', seconds: 600, frame: rate(30, 1), newSession: true },
];

/** Follows one track of a simulated stream, and checks everything that players are told of it. */
class TrackCheck {
  readonly rules = new PlaylistRules();
  readonly #presentation: Presentation;
  readonly #track: SegmentTrack;
  readonly #media: MediaCheck;
  versions = 0;
  longest = 0;
  skipped = 0;

  constructor(presentation: Presentation, track: SegmentTrack) {
    this.#presentation = presentation;
    this.#track = track;
    this.#media = new MediaCheck(presentation, track.kind);
  }

  advanced(): void {
    const track = this.#track;
    if (track.window.length === 0) return;
    const model = playlistOfTrack(this.#presentation, track);
    const text = formatMediaPlaylist(model);
    const playlist = this.rules.check(text);
    this.versions += 1;
    this.#checkNew();
    if (this.versions % EVERY === 0 || playlist.ended) {
      checkOtherParsers(text, playlist);
      this.#checkAvailable(playlist);
      if (!playlist.ended) this.#checkDelta(playlist, formatMediaPlaylist(model, { skip: true }));
    }
  }

  #checkNew(): void {
    for (let next = this.#track.window.segment(this.#media.next); next; ) {
      this.#media.segment(next);
      next = this.#track.window.segment(this.#media.next);
    }
  }

  /** What is listed can be had. */
  #checkAvailable({ segments }: ReadPlaylist): void {
    const { segmenter } = this.#presentation;
    const track = segmenter.track(this.#track.kind);
    for (const { uri, gap, parts } of segments) {
      const sequence = Number(/(\d+)\.m4s$/.exec(uri ?? '')?.[1]);
      expect(track?.segment(sequence)?.gap).toBe(gap);
      for (const part of parts) expect(track?.part(Number(/(\d+)\.m4s$/.exec(part.uri)?.[1]))).toBeDefined();
    }
  }

  /** §6.2.5.1: what is left out is what the player has. */
  #checkDelta(full: ReadPlaylist, text: string): void {
    const delta = readPlaylist(text);
    expect(delta.sequence).toBe(full.sequence);
    const rest = full.segments.slice(delta.skipped);
    expect(delta.segments.map(({ uri, sequence }) => [uri, sequence])).toEqual(
      rest.map(({ uri, sequence }) => [uri, sequence]),
    );
    const listed = rest.reduce((sum, { duration }) => sum + duration, 0);
    if (delta.skipped > 0) expect(listed + partsOf(full)).toBeGreaterThan(6 * full.target - 1e-6);
    this.skipped += delta.skipped;
  }
}

const partsOf = ({ open }: ReadPlaylist) =>
  (open?.parts ?? []).reduce((sum, { duration }) => sum + duration, 0);

/** CMAF: each track's decode times go on from segment to segment, and a segment begins as it says. */
class MediaCheck {
  readonly #presentation: Presentation;
  readonly #kind: SegmentTrack['kind'];
  /** The media sequence number that is looked at next. */
  next = 0;
  #epoch = -1;
  #demuxer: Mp4Demuxer | undefined;
  #first: { dts: number; keyframe: boolean } | undefined;
  #last = -1;
  #afterGap = false;
  #timescale = 0;

  constructor(presentation: Presentation, kind: SegmentTrack['kind']) {
    this.#presentation = presentation;
    this.#kind = kind;
  }

  segment(segment: Segment): void {
    this.next += 1;
    if (segment.gap) this.#afterGap = true;
    if (segment.gap) return;
    if (segment.epoch.index !== this.#epoch) this.#begin(segment.epoch.index);
    const first = this.#firstOf(segment);
    expect(first?.keyframe).toBe(segment.independent);
    // Only a frame that came when players were told that nothing does begins before its segment.
    if (this.#afterGap) expect(first?.dts).toBeLessThanOrEqual(segment.start);
    else expect(first?.dts).toBe(segment.start);
    this.#afterGap = false;
  }

  #firstOf({ chunks }: Segment): { dts: number; keyframe: boolean } | undefined {
    this.#first = undefined;
    for (const { bytes: chunk } of chunks) this.#demuxer?.push(chunk);
    return this.#first;
  }

  #begin(epoch: number): void {
    this.#epoch = epoch;
    this.#demuxer = new Mp4Demuxer({
      tracks: ([track]) => {
        const scale = track?.timescale ?? 1;
        if (this.#timescale > 0) this.#last = (this.#last / this.#timescale) * scale;
        this.#timescale = scale;
      },
      sample: (_track, { dts, keyframe }) => {
        this.#first ??= { dts, keyframe };
        if (dts <= this.#last) throw new Error(`decode time ${dts} after ${this.#last}`);
        this.#last = dts;
      },
    });
    const init = this.#presentation.init(this.#kind, epoch);
    if (!init) throw new Error(`there is no init segment of epoch ${epoch}`);
    this.#demuxer.push(init);
  }
}

function checkOtherParsers(text: string, playlist: ReadPlaylist): void {
  const parsed = HLS.parse(text);
  if (!(parsed instanceof HLS.types.MediaPlaylist)) throw new Error('no media playlist');
  const complete = parsed.segments.filter(({ uri }) => uri);
  const ours = playlist.segments.map(({ uri, duration }) => [uri, duration]);
  expect(complete.map(({ uri, duration }) => [uri, duration])).toEqual(ours);
  expect(parsed.mediaSequenceBase).toBe(playlist.sequence);
  expect(parsed.targetDuration).toBe(playlist.target);
  expect(parsed.partTargetDuration).toBe(playlist.partTarget);
  expect(parsed.endlist).toBe(playlist.ended);
  const parser = new M3u8();
  parser.push(text);
  parser.end();
  expect(
    parser.manifest.segments.filter(({ uri }) => uri).map(({ uri, duration }) => [uri, duration]),
  ).toEqual(ours);
  expect(parser.manifest.mediaSequence).toBe(playlist.sequence);
  expect(parser.manifest.endList ?? false).toBe(playlist.ended);
}

describe('playlists of a stream of hours', () => {
  it('keep the rules in every version, and two other parsers read the same', { timeout: 240_000 }, () => {
    const clock = new ManualClock();
    const info = { id: 'b', channel: 'main', title: null, startedAt: clock.wall() };
    const presentation = new Presentation('p', info, { clock, limits: LIMITS, places: new WaitingPlaces(1) });
    const checks = new Map<SegmentTrack, TrackCheck>();
    presentation.segmenter.advanced.add((track) => {
      const check = checks.get(track) ?? new TrackCheck(presentation, track);
      checks.set(track, check);
      check.advanced();
    });
    simulateStream(presentation, DAY);
    presentation.end();
    const [video, audio] = presentation.segmenter.tracks.map((track) => checks.get(track));
    expect(video?.versions).toBeGreaterThan(10_000);
    expect(audio?.versions).toBeGreaterThan(20_000);
    expect(video?.skipped).toBeGreaterThan(100);
    expect(presentation.segmenter.heldBytes).toBeLessThan(2 * LIMITS.maxBytes);
    expect(presentation.ended && presentation.playable).toBe(true);
  });
});
