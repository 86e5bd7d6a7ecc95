import { EventEmitter } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/channel/manual-clock.ts';
import { DvrEgress } from '../../../src/egress/dvr/dvr-egress.ts';
import type { Replay } from '../../../src/egress/dvr/replay.ts';
import { DeliveryError } from '../../../src/egress/http/delivery-error.ts';
import { nodeFiles } from '../../../src/egress/recording/finalise/files.ts';
import { finalise } from '../../../src/egress/recording/finalise/finalise.ts';
import { writeRecordingHeader } from '../../../src/egress/recording/recording-header.ts';
import { milliseconds } from '../../../src/media/time.ts';
import { RECORDED_RULES, RecordedManifestRules, RecordedPlaylistRules } from './recorded-rules.ts';
import { type Behaviour, SIMULATION_START, simulatedSteps } from './simulated-stream.ts';

const REQUEST = { method: 'GET', headers: {} } as IncomingMessage;
const KINDS = ['video', 'audio'] as const;
/** Milliseconds: as often as a player asks, about. */
const LOOK_EVERY = 5000;

const rate = (fps: number, jitter: number) => (random: () => number) =>
  1000 / fps + (random() - 0.5) * 2 * jitter;
const camera = rate(30, 2);

const BROADCAST: readonly Behaviour[] = [
  { name: 'a camera', seconds: 60, frame: camera },
  { name: 'freezes', seconds: 200, frame: (random) => (random() < 0.003 ? 9000 : 33), packet: 20 },
  { name: 'lost sound', seconds: 60, frame: camera, silence: 9000 },
  { name: 'rare keyframes', seconds: 90, frame: camera, keyframes: 30 },
  { name: 'a screen on which nothing moves', seconds: 90, frame: rate(0.3, 200), keyframes: 5 },
  { name: 'a tab that slept', seconds: 30, frame: camera, away: 8 },
  { name: 'a tab that slept for long', seconds: 60, frame: camera, away: 25 },
  { name: 'a long way round', seconds: 60, frame: camera, away: 40, newSession: true },
  { name: 'short sessions', seconds: 3, frame: camera, newSession: true },
  { name: 'keyframes at any time', seconds: 90, frame: camera, keyframes: (random) => random() ** 3 * 9 },
];

class FakeResponse extends EventEmitter {
  body = '';
  writeHead(): this {
    return this;
  }
  end(piece?: Uint8Array): void {
    this.body = Buffer.from(piece ?? []).toString();
  }
}

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-recorded-rules-'));
  path = join(folder, 'media.mp4');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A recording as players are told of it, with every rule applied to every version. */
class RecordedJudge {
  readonly clock = new ManualClock(SIMULATION_START);
  readonly playlists = { video: new RecordedPlaylistRules(), audio: new RecordedPlaylistRules() };
  versions = 0;
  skipped = 0;
  readonly #egress = new DvrEgress({ clock: this.clock });
  readonly #manifests = new RecordedManifestRules();

  async look(live: boolean): Promise<void> {
    const startedAt = milliseconds(SIMULATION_START);
    const recordings = [{ id: 'r', path, startedAt, growing: live, generation: 0 }];
    const replay: Replay = { id: 'b', title: null, startedAt, live, recordings };
    const ask = async (send: (asked: Parameters<DvrEgress['sendMultivariant']>[2]) => Promise<number>) => {
      const response = new FakeResponse();
      await send({
        request: REQUEST,
        response: response as unknown as ServerResponse,
        open: true,
        own: true,
      });
      return response.body;
    };
    try {
      for (const kind of KINDS) {
        this.playlists[kind].check(await ask((asked) => this.#egress.sendPlaylist(replay, kind, {}, asked)));
        const query = { _HLS_skip: 'YES' };
        const delta = await ask((asked) => this.#egress.sendPlaylist(replay, kind, query, asked));
        if (live) this.skipped = Math.max(this.skipped, this.playlists[kind].checkDelta(delta));
      }
      this.playlists.video.checkRendition(this.playlists.audio);
      const manifest = await ask((asked) => this.#egress.sendManifest(replay, '', 'time', asked));
      this.#manifests.check(manifest, this.clock.wall() / 1000);
      this.versions += 1;
    } catch (error) {
      // Before the first segment.
      if (!(error instanceof DeliveryError) || this.versions > 0) throw error;
    }
  }
}

async function record(judge: RecordedJudge): Promise<void> {
  let pieces: Uint8Array[] = [];
  const write = () => {
    if (pieces.length > 0) appendFileSync(path, Buffer.concat(pieces));
    pieces = [];
  };
  const sink = {
    epoch: ({
      index,
      tracks,
    }: {
      readonly index: number;
      readonly tracks: Parameters<typeof writeRecordingHeader>[0];
    }) => {
      const header = { duration: milliseconds(0), inBandParameterSets: false };
      if (index === 0) writeFileSync(path, writeRecordingHeader(tracks, header));
    },
    chunk: ({ bytes }: { readonly bytes: Uint8Array }) => void pieces.push(bytes),
  };
  let looked = 0;
  for (const now of simulatedSteps(sink, BROADCAST)) {
    if (now > judge.clock.now()) judge.clock.advance(now - judge.clock.now());
    if (now - looked < LOOK_EVERY) continue;
    looked = now;
    write();
    await judge.look(true);
  }
  write();
}

describe('a recording, as players are told of it', () => {
  it('keeps every rule of EVENT and VOD playlists and of manifests, from its beginning to its finalised file', async () => {
    const judge = new RecordedJudge();
    await record(judge);
    expect(judge.versions).toBeGreaterThan(100);
    expect(judge.skipped).toBeGreaterThan(50);
    judge.clock.advance(2000);
    await judge.look(false);
    const before = judge.playlists.video.segments;
    finalise({ path, minFree: 0, files: nodeFiles, rest: () => {} });
    // The picture is the same to the last segment; sound is cut at samples then, as it is with any new player.
    const finished = new RecordedJudge();
    await finished.look(false);
    expect(finished.playlists.video.segments).toEqual(before);
  });
});

describe('the rules', () => {
  const head =
    '#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:10\n#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=60\n';
  const start = `${head}#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-MAP:URI="i.mp4"\n`;
  const playlist = (...lengths: readonly number[]) =>
    start + lengths.map((length, index) => `#EXTINF:${length},\n${index}.m4s\n`).join('');
  const manifest = (...segments: readonly (readonly [number, number])[]) =>
    `<MPD type="dynamic" availabilityStartTime="2026-01-01T00:00:00Z" maxSegmentDuration="PT10.5S"><Period id="a" start="PT0S">
<AdaptationSet contentType="video"><SegmentTemplate timescale="1000" initialization="i.mp4" media="$Number$.m4s" startNumber="0"
presentationTimeOffset="0">${segments.map(([t, d]) => `<S t="${t}" d="${d}"/>`).join('')}`;

  const playlists = (...texts: readonly string[]) => {
    const rules = new RecordedPlaylistRules();
    for (const text of texts) rules.check(text);
    return rules;
  };
  const manifests = (...texts: readonly string[]) => {
    const rules = new RecordedManifestRules();
    for (const text of texts) rules.check(text, SIMULATION_START / 1000 + 20);
  };

  const BREAKERS: readonly (readonly [keyof typeof RECORDED_RULES, () => void])[] = [
    ['target-duration', () => playlists(playlist(4, 12.9))],
    ['target-duration', () => playlists(playlist(4), playlist(4, 4).replace('DURATION:10', 'DURATION:13'))],
    ['append-only', () => playlists(playlist(4, 4), playlist(4, 5))],
    ['append-only', () => playlists(playlist(4, 4), playlist(4))],
    ['can-skip-until', () => playlists(playlist(4).replace('UNTIL=60', 'UNTIL=59'))],
    ['playlist-type', () => playlists(`${playlist(4)}#EXT-X-ENDLIST\n`)],
    ['map', () => playlists(playlist(4).replace('#EXT-X-MAP:URI="i.mp4"\n', ''))],
    [
      'skip-boundary',
      () => {
        const delta = `${start}#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n#EXTINF:4,\n1.m4s\n`;
        playlists(playlist(4, 4)).checkDelta(delta);
      },
    ],
    ['renditions', () => playlists(playlist(4, 4, 4)).checkRendition(playlists(playlist(4, 5, 4)))],
    ['timeline-order', () => manifests(manifest([0, 4000], [2000, 4000]))],
    ['timeline-unchanged', () => manifests(manifest([0, 4000]), manifest([0, 4100], [4100, 4000]))],
    ['segment-duration', () => manifests(manifest([0, 12_900]))],
    ['availability-start', () => manifests(manifest([18_000, 4000]))],
    ['period-unchanged', () => manifests(manifest([0, 4000]), manifest([0, 4000]).replace('PT0S', 'PT1S'))],
    [
      'ended',
      () =>
        manifests(
          manifest([0, 4000]).replace('type="dynamic"', 'type="static" mediaPresentationDuration="PT9S"'),
        ),
    ],
  ];

  it.each(BREAKERS)('are broken where they should be: %s', (rule, breakIt) => {
    expect(breakIt).toThrow(expect.objectContaining({ name: 'BrokenRule', rule }));
  });

  it('can each be broken, and are not by what is right', () => {
    expect(new Set(BREAKERS.map(([rule]) => rule))).toEqual(new Set(Object.keys(RECORDED_RULES)));
    playlists(playlist(4, 4), playlist(4, 4, 8)).checkRendition(playlists(playlist(4, 4, 8)));
    manifests(manifest([0, 4000]), manifest([0, 4000], [4000, 10_000]));
  });
});
