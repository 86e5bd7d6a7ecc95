import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MediaError } from '../media-error.ts';
import { openDemuxer } from '../open-demuxer.ts';
import { CollectingSink } from '../webm/collecting-sink.ts';
import { writeAudioConfiguration, writeAudioFrame } from './audio-tag.ts';
import { FlvDemuxer } from './flv-demuxer.ts';
import { FLV_TAG } from './flv-tag.ts';
import { flvOf, type SyntheticTag, tagsOf, writeFlv } from './synthetic-flv.ts';
import { readVideoTag, writeVideoFrame } from './video-tag.ts';

const FOLDER = new URL('../../../test/fixtures/chromium/', import.meta.url);
const read = (name: string) => new Uint8Array(readFileSync(new URL(name, FOLDER)));
const H264 = read('webm-h264-opus.webm');
const tags = tagsOf(H264);
const [script, video, audio, ...frames] = tags;

function demux(bytes: Uint8Array, end = true): CollectingSink {
  const sink = new CollectingSink();
  const demuxer = new FlvDemuxer(sink);
  demuxer.push(bytes);
  if (end) demuxer.end();
  return sink;
}

const demuxTags = (list: readonly (SyntheticTag | undefined)[]) =>
  demux(writeFlv(list.filter((tag) => tag !== undefined)));

const errorOf = (action: () => unknown): string => {
  try {
    action();
    return 'none';
  } catch (error) {
    return error instanceof MediaError ? error.code : String(error);
  }
};

describe('a stream', () => {
  it.each(['webm-h264-opus.webm', 'webm-vp9-opus.webm', 'webm-av1-opus.webm'])(
    'brings every sample of %s, with its times and its bytes',
    (name) => {
      const expected = new CollectingSink();
      openDemuxer(expected).push(read(name));
      const found = demux(flvOf(read(name)));
      for (const track of [0, 1]) {
        const times = (sink: CollectingSink) =>
          sink.samples(track).map(({ dts, pts, keyframe, data }) => ({ dts, pts, keyframe, data }));
        expect(times(found)).toEqual(times(expected));
      }
      const known = ({ announcements }: CollectingSink) =>
        announcements.map((list) => list.map(({ kind, codecString }) => `${kind} ${codecString}`));
      expect(known(found)).toEqual(known(expected));
    },
  );

  it('is read in any slicing', () => {
    const bytes = flvOf(H264);
    const whole = demux(bytes).calls;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 40 }), (cuts) => {
        const sink = new CollectingSink();
        const demuxer = new FlvDemuxer(sink);
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        for (const [index, end] of at.slice(1).entries()) demuxer.push(bytes.subarray(at[index], end));
        demuxer.end();
        expect(sink.calls).toEqual(whole);
      }),
      { numRuns: 20, seed: 5 },
    );
  });

  it('that ffmpeg wrote with reordered frames and AAC has the packets that ffprobe finds', () => {
    const folder = mkdtempSync(join(tmpdir(), 'headwater-flv-'));
    const path = join(folder, 'made.flv');
    execFileSync('ffmpeg', [
      ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=322x182:r=25:d=3', '-f', 'lavfi', '-i', 'sine=d=3'],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '3', '-g', '25', '-c:a', 'aac', path],
    ]);
    const options = ['-v', 'error', '-show_entries', 'packet=pts,dts,size,stream_index', '-of', 'json', path];
    const { packets } = JSON.parse(execFileSync('ffprobe', options, { encoding: 'utf8' })) as {
      packets: { pts: number; dts: number; size: string; stream_index: number }[];
    };
    const sink = demux(new Uint8Array(readFileSync(path)));
    rmSync(folder, { recursive: true });
    expect(packets.length).toBeGreaterThan(190);
    for (const track of [0, 1]) {
      const expected = packets.filter(({ stream_index }) => stream_index === track);
      expect(sink.samples(track).map(({ pts, dts, data }) => [pts, dts, data.length])).toEqual(
        expected.map(({ pts, dts, size }) => [pts, dts, Number(size)]),
      );
    }
    expect(sink.announcements.at(-1)?.map(({ codecString }) => codecString)).toEqual([
      expect.stringMatching(/^avc1\.64/),
      'mp4a.40.2',
    ]);
  });

  it.each([
    ['Enhanced RTMP’s', (tag: SyntheticTag) => tag],
    ['the old number', withOldNumber],
  ])('of HEVC, by %s, has the samples that it was made of', (_, change) => {
    const folder = mkdtempSync(join(tmpdir(), 'headwater-flv-'));
    const path = join(folder, 'made.mp4');
    execFileSync('ffmpeg', [
      ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=2', '-c:v', 'libx265', '-g', '25'],
      ...[
        '-preset',
        'ultrafast',
        '-x265-params',
        'log-level=error:bframes=2',
        '-movflags',
        '+faststart',
        path,
      ],
    ]);
    const made = new Uint8Array(readFileSync(path));
    rmSync(folder, { recursive: true });
    const expected = new CollectingSink();
    openDemuxer(expected).push(made);
    const found = demuxTags(tagsOf(made).map(change));
    expect(found.samples(0).map(({ data }) => data)).toEqual(expected.samples(0).map(({ data }) => data));
    expect(found.samples(0).some(({ pts, dts }) => pts > dts)).toBe(true);
    expect(found.announcements.map(([track]) => track?.codecString)).toEqual(
      expected.announcements.map(([track]) => track?.codecString),
    );
  });

  it('without metadata has the tracks that come', () => {
    const bare = demuxTags([video, audio, ...frames]);
    expect(bare.announcements).toHaveLength(1);
    expect(bare.samples(0)).toHaveLength(demuxTags(tags).samples(0).length);
    const silent = demuxTags([video, ...frames.filter(({ type }) => type === FLV_TAG.video)]);
    expect(silent.announcements.map((list) => list.map(({ kind }) => kind))).toEqual([['video']]);
    const blind = demuxTags([audio, ...frames.filter(({ type }) => type === FLV_TAG.audio)]);
    expect(blind.announcements.map((list) => list.map(({ kind }) => kind))).toEqual([['audio']]);
  });

  it('waits for no track that its metadata does not name', () => {
    const metadata = tagsOf(H264)[0];
    const early = frames.slice(0, 3).filter(({ type }) => type === FLV_TAG.video);
    const both = demux(writeFlv([metadata, video, ...early].filter((tag) => tag !== undefined)), false);
    expect(both.calls).toHaveLength(0);
    const { body = new Uint8Array() } = metadata ?? {};
    const text = Buffer.from(body).toString('latin1').replace('audiocodecid', 'audiocodecxx');
    const named = Buffer.from(text.replace('audiosamplerate', 'audiosamplexxxx'), 'latin1');
    const only = { type: FLV_TAG.script, timestamp: 0, body: new Uint8Array(named) };
    const list = [only, video, ...early].filter((tag) => tag !== undefined);
    expect(demux(writeFlv(list), false).announcements).toHaveLength(1);
  });

  it('passes over metadata that cannot be read, and over what is neither video nor audio', () => {
    const broken = { type: FLV_TAG.script, timestamp: 0, body: Uint8Array.of(2, 0, 9, 65) };
    const empty = { type: FLV_TAG.video, timestamp: 0, body: new Uint8Array() };
    const command = { type: FLV_TAG.video, timestamp: 0, body: Uint8Array.of(0x57, 0) };
    const found = demuxTags([broken, empty, command, video, broken, audio, ...frames]);
    expect(found.samples(0)).toEqual(demuxTags(tags).samples(0));
  });
});

describe('configurations', () => {
  it('that are repeated change nothing, and new ones announce the tracks again', () => {
    const middle = frames.length / 2;
    const again = demuxTags([...tags.slice(0, middle), video, audio, ...tags.slice(middle)]);
    expect(again.calls).toEqual(demuxTags(tags).calls);
    const aac = writeAudioConfiguration({
      ...{ kind: 'audio', codec: 'aac', codecString: '', timescale: 1000 as never },
      ...{ configuration: Uint8Array.of(0x12, 0x10), sampleRate: 44_100, channels: 2 },
    });
    const packets = [0, 1, 2].map((index) => ({
      ...{ type: FLV_TAG.audio, timestamp: 10_000 + index * 23 },
      body: writeAudioFrame('aac', Uint8Array.of(index, 1, 2)),
    }));
    const changed = demuxTags([
      ...tags,
      { type: FLV_TAG.audio, timestamp: 10_000, body: aac },
      ...packets.slice(0, 2),
      { type: FLV_TAG.audio, timestamp: 10_050, body: aac.with(3, 0x90) },
      ...packets.slice(2),
    ]);
    expect(changed.announcements.map(([, second]) => second?.codecString)).toEqual([
      'opus',
      'mp4a.40.2',
      'mp4a.40.2',
    ]);
  });

  it('that are missing cost the frames that need them, and nothing else', () => {
    const late = demuxTags([script, audio, ...frames.slice(0, 20), video, ...frames.slice(20)]);
    const lost = demuxTags(tags).samples(0).length - late.samples(0).length;
    expect(lost).toBeGreaterThan(0);
    expect(late.samples(0)[0]?.keyframe).toBe(true);
  });

  it('that changed in mid-stream leave no place to go on from behind them', () => {
    const points: number[] = [];
    const sink = { tracks: () => {}, sample: () => {}, restartPoint: () => void points.push(1) };
    const late = frames.findIndex(({ timestamp }) => timestamp > 2000);
    const list = [script, audio, ...frames.slice(0, late), video, ...frames.slice(late)];
    new FlvDemuxer(sink).push(writeFlv(list.filter((tag) => tag !== undefined)));
    expect(points).toHaveLength(0);
    new FlvDemuxer(sink).push(flvOf(H264));
    expect(points.length).toBeGreaterThan(3);
  });
});

describe('time', () => {
  const at = (times: readonly number[]) =>
    demuxTags([video, ...times.map((timestamp) => ({ ...keyframe(), timestamp }))])
      .samples(0)
      .map(({ dts }) => dts);

  it('goes on where 32 bits are full', () => {
    expect(at([0xffff_fff0, 0x10, 0x7fff_0000])).toEqual([0xffff_fff0, 0x1_0000_0010, 0x1_7fff_0000]);
  });

  it('does not go back a little, and goes back with a clock that was set anew', () => {
    expect(at([5000, 5040, 5020, 5080, 100])).toEqual([5000, 5040, 5040, 5080, 100]);
  });

  it('of presentation may lie before that of decoding', () => {
    const { body } = keyframe();
    const early = Uint8Array.from(body);
    early.set([0xff, 0xff, 0xd8], 2);
    const [sample] = demuxTags([video, { type: FLV_TAG.video, timestamp: 100, body: early }]).samples(0);
    expect([sample?.dts, sample?.pts]).toEqual([100, 60]);
  });
});

describe('a damaged stream', () => {
  it('cut at any byte brings what was whole, and says that it was cut', () => {
    const bytes = flvOf(H264).subarray(0, 60_000);
    const whole = demux(bytes, false).calls;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length }), (length) => {
        const cut = demux(bytes.subarray(0, length), false).calls;
        expect(cut).toEqual(whole.slice(0, cut.length));
        const demuxer = new FlvDemuxer(new CollectingSink());
        demuxer.push(bytes.subarray(0, length));
        expect(['none', 'no-tracks', 'container-truncated']).toContain(errorOf(() => demuxer.end()));
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  it('is refused with a name, whatever is in it', () => {
    const bytes = flvOf(H264).subarray(0, 40_000);
    const change = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), (changes) => {
        const damaged = Uint8Array.from(bytes);
        for (const { at, value } of changes) damaged[at] = value;
        expect(errorOf(() => demux(damaged, false))).toMatch(/^[a-z-]+$/);
      }),
      { numRuns: 300, seed: 11 },
    );
  });

  it.each([
    ['container-malformed', Uint8Array.of(0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 8)],
    ['container-malformed', writeFlv([{ type: 7, timestamp: 0, body: new Uint8Array(1) }])],
    ['codec-unsupported', writeFlv([{ type: FLV_TAG.audio, timestamp: 0, body: Uint8Array.of(0x2f, 0) }])],
    ['codec-unsupported', writeFlv([{ type: FLV_TAG.video, timestamp: 0, body: Uint8Array.of(0x12, 0) }])],
    ['container-malformed', writeFlv([{ type: FLV_TAG.audio, timestamp: 0, body: Uint8Array.of(0xaf) }])],
  ])('is refused as %s', (code, bytes) => {
    expect(errorOf(() => demux(bytes, false))).toBe(code);
  });

  it('is refused before a tag is held that is larger than may be, or shows more than may be', () => {
    const limits = { maxElement: 1000 as never, maxTracks: 2, maxPixels: 16_000_000 };
    const large = new FlvDemuxer(new CollectingSink(), limits);
    const start = writeFlv([{ type: FLV_TAG.video, timestamp: 0, body: new Uint8Array(1001) }]);
    expect(errorOf(() => large.push(start.subarray(0, 24)))).toBe('element-too-large');
    const small = new FlvDemuxer(new CollectingSink(), {
      ...limits,
      maxElement: 1e6 as never,
      maxPixels: 1000,
    });
    expect(errorOf(() => small.push(flvOf(H264)))).toBe('picture-too-large');
  });
});

/** A frame that decoding can start at. */
function keyframe(): SyntheticTag {
  const found = demuxTags(tags)
    .samples(0)
    .find((sample) => sample.keyframe);
  const body = writeVideoFrame('avc', true, 0, found?.data ?? new Uint8Array());
  return { type: FLV_TAG.video, timestamp: 0, body };
}

/** HEVC as it was sent before Enhanced RTMP: like H.264, with another number. */
function withOldNumber(tag: SyntheticTag): SyntheticTag {
  const { type, timestamp, body } = tag;
  if (type !== FLV_TAG.video) return tag;
  const read = readVideoTag(body);
  if (read.type === 'configuration')
    return { type, timestamp, body: Uint8Array.of(0x1c, 0, 0, 0, 0, ...read.record) };
  if (read.type !== 'frame') return tag;
  const { keyframe, compositionOffset: offset, data } = read;
  const head = [keyframe ? 0x1c : 0x2c, 1, (offset >> 16) & 0xff, (offset >> 8) & 0xff, offset & 0xff];
  return { type, timestamp, body: Uint8Array.of(...head, ...data) };
}
