import { describe, expect, it } from 'vitest';
import type { Track } from '../media/track.ts';
import { AdtsReader } from './adts-reader.ts';
import { adtsFrame } from './fake-child.ts';
import type { Packet } from './recipe.ts';

function read(slices: readonly Uint8Array[]) {
  const tracks: Track[] = [];
  const packets: Packet[] = [];
  const reader = new AdtsReader(-1024, {
    track: (track) => tracks.push(track),
    packet: (packet) => packets.push(packet),
  });
  for (const slice of slices) reader.push(slice);
  return { tracks, packets };
}

describe('frames of ADTS', () => {
  const stream = Buffer.concat([adtsFrame(5), adtsFrame(2000), adtsFrame(1)]);

  it.each([1, 6, 7, 8, 500, 5000])('are read in slices of %i bytes', (size) => {
    const slices = [];
    for (let at = 0; at < stream.length; at += size)
      slices.push(new Uint8Array(stream.subarray(at, at + size)));
    const { tracks, packets } = read(slices);
    expect(packets.map(({ dts, data }) => [dts, data.length])).toEqual([
      [-1024, 5],
      [0, 2000],
      [1024, 1],
    ]);
    expect(tracks).toEqual([
      {
        ...{ kind: 'audio', codec: 'aac', codecString: 'mp4a.40.2', sampleRate: 48_000, channels: 2 },
        ...{ timescale: 48_000, configuration: Uint8Array.of(0x11, 0x90) },
      },
    ]);
  });

  it.each([
    ['another stream', Uint8Array.of(0, 1, 2, 3, 4, 5, 6)],
    ['MPEG audio of layer 3', Uint8Array.of(0xff, 0xfb, 0x90, 0x64, 0, 0, 0)],
    ['a frame without bytes', Uint8Array.of(0xff, 0xf1, 0x4c, 0x80, 0, 0xe0, 0xfc)],
  ])('refuses %s', (_, bytes) => {
    expect(() => read([bytes])).toThrow('something else');
  });
});
