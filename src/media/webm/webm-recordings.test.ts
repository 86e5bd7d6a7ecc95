import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ALL_FORMATS, BufferSource, type EncodedPacket, EncodedPacketSink, Input } from 'mediabunny';
import { describe, expect, it } from 'vitest';
import { joinLengthPrefixed, splitAnnexB } from '../codec/nal-units.ts';
import type { Sample } from '../sample.ts';
import { CollectingSink } from './collecting-sink.ts';
import { WebmDemuxer } from './webm-demuxer.ts';

const FOLDER = new URL('../../../test/fixtures/chromium/', import.meta.url).pathname;
const RECORDINGS = ['webm-h264-opus', 'webm-vp9-opus', 'webm-av1-opus', 'webm-vp8-opus'];
const pathOf = (name: string) => `${FOLDER}${name}.webm`;
const read = (name: string) => new Uint8Array(readFileSync(pathOf(name)));

function demux(pieces: Iterable<Uint8Array>): CollectingSink {
  const sink = new CollectingSink();
  const demuxer = new WebmDemuxer(sink);
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
    if ('tracks' in call)
      hash.update(
        JSON.stringify(call.tracks.map((track) => ({ ...track, configuration: [...track.configuration] }))),
      );
    else {
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

/** What MP4 wants of a packet: no start codes, no temporal delimiter. */
function convert(name: string, kind: string, data: Uint8Array): Uint8Array {
  if (kind === 'video' && name.includes('h264')) return joinLengthPrefixed(splitAnnexB(data));
  return kind === 'video' && name.includes('av1') ? data.subarray(2) : data;
}

const brief = ({ pts, keyframe, data }: Sample) => ({ pts: pts as number, keyframe, data });

describe.each(RECORDINGS)("Chromium's recording %s", (name) => {
  it.each([
    ['video', 0],
    ['audio', 1],
  ] as const)('has the %s packets that mediabunny reads', async (kind, position) => {
    const expected = (await readPackets(name, kind)).map((packet) => ({
      pts: Math.round(packet.timestamp * 1000),
      keyframe: packet.type === 'key',
      data: convert(name, kind, packet.data),
    }));
    expect(
      demux([read(name)])
        .samples(position)
        .map(brief),
    ).toEqual(expected);
  });

  it('has as many packets as ffprobe counts', () => {
    const options = [
      '-v',
      'error',
      '-count_packets',
      '-show_entries',
      'stream=nb_read_packets',
      '-of',
      'csv=p=0',
    ];
    const counts = execFileSync('ffprobe', [...options, pathOf(name)], { encoding: 'utf8' })
      .trim()
      .split('\n');
    const sink = demux([read(name)]);
    expect([sink.samples(0).length, sink.samples(1).length]).toEqual(counts.map(Number));
  });

  it('gives the same samples in any slicing', () => {
    const bytes = read(name);
    const whole = digest(demux([bytes]));
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 20_000 })), {
      minLength: 1,
      maxLength: 50,
    });
    fc.assert(
      fc.property(sizes, (all) => digest(demux(slice(bytes, all))) === whole),
      { numRuns: 15, examples: [[[1]], [[511]], [[512]]] },
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
});

describe("Chromium's recording of H.264", () => {
  it('becomes what ffmpeg makes of it in MP4, byte for byte', () => {
    const folder = mkdtempSync(join(tmpdir(), 'headwater-webm-'));
    try {
      const mp4 = join(folder, 'copy.mp4');
      execFileSync('ffmpeg', ['-v', 'error', '-i', pathOf('webm-h264-opus'), '-c', 'copy', '-an', mp4]);
      const options = ['-v', 'error', '-show_data_hash', 'sha256', '-show_entries', 'packet=data_hash'];
      const hashes = execFileSync('ffprobe', [...options, '-of', 'csv=p=0', mp4], { encoding: 'utf8' });
      const samples = demux([read('webm-h264-opus')]).samples(0);
      const ours = samples.map(({ data }) => `SHA256:${createHash('sha256').update(data).digest('hex')}`);
      expect(ours).toEqual(hashes.trim().split('\n'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
