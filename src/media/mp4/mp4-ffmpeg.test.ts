import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CollectingSink } from '../webm/collecting-sink.ts';
import { Mp4Demuxer } from './mp4-demuxer.ts';

const VIDEO = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=30:d=2'];
const AUDIO = ['-f', 'lavfi', '-i', 'sine=d=2:sample_rate=44100'];
const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', '-pix_fmt', 'yuv420p'];
const B_FRAMES = [...X264, '-bf', '2'];
const X265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none:keyint=30'];
const AAC = ['-c:a', 'aac'];
const OPUS = ['-c:a', 'libopus', '-ar', '48000'];

interface Variant {
  readonly name: string;
  readonly options: readonly string[];
  readonly codecs: readonly string[];
  /** ffprobe shows video so much later than the file says, so that no frame precedes its decoding. */
  readonly probedLater?: number;
}

const VARIANTS: readonly Variant[] = [
  {
    name: 'fragments that count from their moof',
    options: [...X264, ...AAC, '-movflags', 'frag_keyframe+empty_moov+default_base_moof'],
    codecs: ['avc1.', 'mp4a.40.2'],
  },
  {
    name: 'fragments with base data offsets',
    options: [...X264, ...AAC, '-movflags', 'frag_keyframe+empty_moov'],
    codecs: ['avc1.', 'mp4a.40.2'],
  },
  {
    name: 'B-frames and priming with edit lists',
    options: [...B_FRAMES, ...AAC, '-movflags', 'frag_keyframe+delay_moov+default_base_moof'],
    codecs: ['avc1.', 'mp4a.40.2'],
  },
  {
    name: 'B-frames with negative composition offsets',
    options: [...B_FRAMES, ...AAC, '-frag_duration', '100000', '-movflags', 'cmaf+delay_moov'],
    codecs: ['avc1.', 'mp4a.40.2'],
    probedLater: 512,
  },
  {
    name: 'a moof for each track',
    options: [...B_FRAMES, ...OPUS, '-movflags', 'frag_keyframe+separate_moof+delay_moov'],
    codecs: ['avc1.', 'opus'],
  },
  {
    name: 'a moof for each frame',
    options: [...X264, ...OPUS, '-movflags', 'frag_every_frame+empty_moov+default_base_moof'],
    codecs: ['avc1.', 'opus'],
  },
  {
    name: 'a global sidx',
    options: [...X264, ...AAC, '-movflags', 'frag_keyframe+global_sidx+default_base_moof'],
    codecs: ['avc1.', 'mp4a.40.2'],
  },
  {
    name: 'prft boxes',
    options: [...X264, ...AAC, '-write_prft', 'wallclock', '-movflags', 'frag_keyframe+empty_moov+cmaf'],
    codecs: ['avc1.', 'mp4a.40.2'],
  },
  {
    name: 'HEVC as hvc1',
    options: [...X265, '-tag:v', 'hvc1', ...AAC, '-movflags', 'frag_keyframe+delay_moov+default_base_moof'],
    codecs: ['hvc1.1.6.L60.90', 'mp4a.40.2'],
  },
  {
    name: 'HEVC as hev1',
    options: [...X265, '-tag:v', 'hev1', '-an', '-movflags', 'frag_keyframe+empty_moov+default_base_moof'],
    codecs: ['hvc1.1.6.L60.90'],
  },
  {
    name: 'progressive, with the moov in front',
    options: [...B_FRAMES, ...AAC, '-movflags', 'faststart'],
    codecs: ['avc1.', 'mp4a.40.2'],
  },
  {
    name: 'progressive, sound only',
    options: ['-vn', ...OPUS, '-movflags', 'faststart'],
    codecs: ['opus'],
  },
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-mp4-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function make(options: readonly string[]): string {
  const path = join(folder, 'variant.mp4');
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...VIDEO, ...AUDIO, ...options, path]);
  return path;
}

function demux(path: string): CollectingSink {
  const sink = new CollectingSink();
  const demuxer = new Mp4Demuxer(sink);
  const bytes = new Uint8Array(readFileSync(path));
  for (let at = 0; at < bytes.length; at += 1000) demuxer.push(bytes.subarray(at, at + 1000));
  demuxer.end();
  return sink;
}

interface Probed {
  readonly dts: number;
  readonly pts: number;
  readonly size: number;
  readonly keyframe: boolean;
}

function probe(path: string, stream: number): Probed[] {
  const options = [
    '-v',
    'error',
    '-select_streams',
    `${stream}`,
    '-show_entries',
    'packet=pts,dts,size,flags',
  ];
  const { packets } = JSON.parse(execFileSync('ffprobe', [...options, '-of', 'json', path]).toString()) as {
    packets: { dts: number; pts: number; size: string; flags: string }[];
  };
  return packets.map(({ dts, pts, size, flags }) => ({
    dts,
    pts,
    size: Number(size),
    keyframe: flags.startsWith('K'),
  }));
}

describe("ffmpeg's MP4", () => {
  it.each(VARIANTS)('$name', ({ options, codecs, probedLater = 0 }) => {
    const path = make(options);
    const sink = demux(path);
    expect(sink.announcements).toHaveLength(1);
    const [tracks = []] = sink.announcements;
    expect(tracks.map(({ codecString }) => codecString)).toEqual(
      codecs.map((codec) => (codec.endsWith('.') ? expect.stringMatching(`^${codec}`) : codec)),
    );
    for (const position of tracks.keys()) {
      const later = tracks[position]?.kind === 'video' ? probedLater : 0;
      const ours = sink.samples(position).map(({ dts, pts, keyframe, data }) => {
        return { dts: dts as number, pts: pts + later, size: data.length, keyframe };
      });
      expect(ours).toEqual(probe(path, position));
    }
  });

  it('with the moov behind the media is refused with the remedy', () => {
    const path = make([...X264, ...AAC]);
    expect(() => demux(path)).toThrow('-movflags +faststart');
  });

  it('with MP3 in it is refused by name', () => {
    const path = make(['-vn', '-c:a', 'libmp3lame', '-movflags', 'faststart']);
    expect(() => demux(path)).toThrow('not AAC (object type 0x6b): use Opus or AAC');
  });
});
