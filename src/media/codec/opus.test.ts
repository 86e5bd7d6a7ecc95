import { describe, expect, it } from 'vitest';
import { opusPacketDuration, readOpusConfiguration, writeOpusConfiguration } from './opus.ts';
import { opusHead } from './synthetic-bitstream.ts';

describe('Opus', () => {
  it('turns OpusHead into dOps: version 0, big-endian', () => {
    const { configuration, ...rest } = writeOpusConfiguration(opusHead(2, 312));
    expect(rest).toEqual({ codec: 'opus', codecString: 'opus', sampleRate: 48_000, channels: 2 });
    expect(configuration).toEqual(Uint8Array.of(0, 2, 0x01, 0x38, 0, 0, 0xbb, 0x80, 0, 0, 0));
    expect(readOpusConfiguration(configuration)).toEqual({ ...rest, configuration });
  });

  it('does not change the OpusHead, even in a Node Buffer', () => {
    const head = Buffer.from(opusHead());
    writeOpusConfiguration(head);
    expect(Uint8Array.from(head)).toEqual(opusHead());
  });

  it('keeps the channel mapping of surround sound and refuses one that is cut short', () => {
    const head = Uint8Array.of(...opusHead(3).subarray(0, 18), 1, 2, 1, 0, 2, 1);
    expect(writeOpusConfiguration(head).configuration.subarray(10)).toEqual(Uint8Array.of(1, 2, 1, 0, 2, 1));
    expect(() => writeOpusConfiguration(head.subarray(0, 22))).toThrow('too short');
  });

  it('refuses what is no OpusHead', () => {
    expect(() => writeOpusConfiguration(new Uint8Array())).toThrow('no valid OpusHead');
    expect(() => writeOpusConfiguration(opusHead(0))).toThrow('too short or of an unknown version');
  });

  it.each([
    ['SILK 60 ms', [0x18], 2880],
    ['hybrid 20 ms', [0x68], 960],
    ['CELT 2.5 ms', [0x80], 120],
    ['CELT 20 ms, two frames', [0xf9], 1920],
    ["Chromium's three of 20 ms", [0xfb, 0x03], 2880],
    ['nothing', [], 0],
    ['more than 120 ms', [0xfb, 0x07], 0],
  ])('tells the length of a packet: %s', (_, packet, samples) => {
    expect(opusPacketDuration(Uint8Array.from(packet))).toBe(samples);
  });
});
