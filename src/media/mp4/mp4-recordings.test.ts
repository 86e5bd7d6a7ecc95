import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { ALL_FORMATS, BufferSource, type EncodedPacket, EncodedPacketSink, Input } from 'mediabunny';
import { describe, expect, it } from 'vitest';
import { CollectingSink } from '../webm/collecting-sink.ts';
import { Mp4Demuxer } from './mp4-demuxer.ts';

const FOLDER = new URL('../../../test/fixtures/chromium/', import.meta.url).pathname;
const RECORDINGS = [
  { name: 'mp4-avc1-opus', codecString: 'avc1.42c01f' },
  { name: 'mp4-vp9-opus', codecString: 'vp09.00.21.08.01.06.06.06.00' },
  { name: 'mp4-av1-opus', codecString: 'av01.0.01M.08.0.110.06.06.06.0' },
];
const pathOf = (name: string) => `${FOLDER}${name}.mp4`;
const read = (name: string) => new Uint8Array(readFileSync(pathOf(name)));

function demux(pieces: Iterable<Uint8Array>): CollectingSink {
  const sink = new CollectingSink();
  const demuxer = new Mp4Demuxer(sink);
  for (const piece of pieces) demuxer.push(piece);
  demuxer.end();
  return sink;
}

function* slice(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.slice(at, at + size);
    at += size;
  }
}

/** Everything a sink was told, as a short text that differs when anything does. */
function digest(sink: CollectingSink): string {
  const hash = createHash('sha256');
  for (const call of sink.calls) {
    if ('tracks' in call) {
      const tracks = call.tracks.map((track) => ({ ...track, configuration: [...track.configuration] }));
      hash.update(JSON.stringify(tracks));
    } else {
      const { dts, pts, duration, keyframe, data } = call.sample;
      hash.update(`${call.track} ${dts} ${pts} ${duration} ${keyframe} ${data.length} `).update(data);
    }
  }
  return hash.digest('hex');
}

async function readPackets(name: string, kind: 'video' | 'audio'): Promise<EncodedPacket[]> {
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(read(name)) });
  const track = kind === 'video' ? await input.getPrimaryVideoTrack() : await input.getPrimaryAudioTrack();
  const packets: EncodedPacket[] = [];
  if (track) for await (const packet of new EncodedPacketSink(track).packets()) packets.push(packet);
  return packets;
}

interface Probed {
  readonly dts: number;
  readonly pts: number;
  readonly keyframe: boolean;
  readonly hash: string;
}

function probe(name: string, stream: 'v' | 'a'): Probed[] {
  const entries = 'packet=pts,dts,flags,data_hash';
  const options = ['-v', 'error', '-select_streams', stream, '-show_data_hash', 'sha256'];
  const json = execFileSync('ffprobe', [...options, '-show_entries', entries, '-of', 'json', pathOf(name)]);
  const { packets } = JSON.parse(json.toString()) as {
    packets: { dts: number; pts: number; flags: string; data_hash: string }[];
  };
  return packets.map(({ dts, pts, flags, data_hash }) => ({
    dts,
    pts,
    keyframe: flags.startsWith('K'),
    hash: data_hash,
  }));
}

describe.each(RECORDINGS)("Chromium's recording $name", ({ name, codecString }) => {
  it('has the tracks that it is said to have', () => {
    const sink = demux([read(name)]);
    expect(sink.announcements).toHaveLength(1);
    expect(sink.announcements[0]).toMatchObject([
      { kind: 'video', codecString, timescale: 30_000, width: 640, height: 360 },
      { kind: 'audio', codecString: 'opus', timescale: 48_000, sampleRate: 48_000, channels: 1 },
    ]);
  });

  it.each([
    ['video', 0],
    ['audio', 1],
  ] as const)('has the %s packets that mediabunny reads', async (kind, position) => {
    const timescale = kind === 'video' ? 30_000 : 48_000;
    const expected = (await readPackets(name, kind)).map((packet) => ({
      pts: Math.round(packet.timestamp * timescale),
      duration: Math.round(packet.duration * timescale),
      keyframe: packet.type === 'key',
      data: packet.data,
    }));
    const ours = demux([read(name)]).samples(position);
    expect(ours.map(({ pts, duration, keyframe, data }) => ({ pts, duration, keyframe, data }))).toEqual(
      expected,
    );
  });

  it.each([
    ['v', 0],
    ['a', 1],
  ] as const)('has the packets of stream %s that ffprobe reads', (stream, position) => {
    const ours = demux([read(name)])
      .samples(position)
      .map(({ dts, pts, keyframe, data }) => {
        const hash = `SHA256:${createHash('sha256').update(data).digest('hex')}`;
        return { dts: dts as number, pts: pts as number, keyframe, hash };
      });
    expect(ours).toEqual(probe(name, stream));
  });

  it('gives the same samples in any slicing', () => {
    const bytes = read(name);
    const whole = digest(demux([bytes]));
    const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 20_000 }));
    fc.assert(
      fc.property(
        fc.array(size, { minLength: 1, maxLength: 50 }),
        (all) => digest(demux(slice(bytes, all))) === whole,
      ),
      { numRuns: 15, seed: 20260111, examples: [[[1]], [[7]], [[8]]] },
    );
  });

  it('gives the same samples in the pieces that it came in', () => {
    const arrivals = JSON.parse(readFileSync(`${pathOf(name)}.json`, 'utf8')) as [number, number][];
    const bytes = read(name);
    let at = 0;
    const pieces = arrivals.map(([, size]) => {
      at += size;
      return bytes.slice(at - size, at);
    });
    expect(at).toBe(bytes.length);
    expect(digest(demux(pieces))).toBe(digest(demux([bytes])));
  });

  it('may be followed by another recording in the same stream', () => {
    const bytes = read(name);
    const once = demux([bytes]);
    const twice = demux([bytes, bytes]);
    expect(twice.announcements).toEqual([...once.announcements, ...once.announcements]);
    expect(twice.samples(0)).toEqual([...once.samples(0), ...once.samples(0)]);
  });
});
