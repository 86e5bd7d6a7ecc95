import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MediaError } from '../media-error.ts';
import { readAacConfiguration } from './aac.ts';
import { BitWriter } from './synthetic-bitstream.ts';

const config = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

describe('the AudioSpecificConfig', () => {
  it.each([
    ['AAC-LC, 44.1 kHz, stereo', '1210', 'mp4a.40.2', 44_100, 2, 1024],
    ['AAC-LC, 48 kHz, mono', '1188', 'mp4a.40.2', 48_000, 1, 1024],
    ['AAC-LC, 48 kHz, 5.1', '11b0', 'mp4a.40.2', 48_000, 6, 1024],
    ['AAC-LC with 960 samples', '1194', 'mp4a.40.2', 48_000, 2, 960],
    ['SBR signalled backward compatibly', '131056e598', 'mp4a.40.2', 48_000, 2, 2048],
    ['HE-AAC', '2b118800', 'mp4a.40.5', 48_000, 2, 2048],
    ['HE-AAC v2, mono made stereo', 'eb098800', 'mp4a.40.29', 48_000, 2, 2048],
    ['a written-out sample rate', '17803e8010', 'mp4a.40.2', 32_000, 2, 1024],
  ])('tells %s', (_, hex, codecString, sampleRate, channels, samplesPerPacket) => {
    const configuration = config(hex);
    const expected = { codec: 'aac', codecString, sampleRate, channels, samplesPerPacket, configuration };
    expect(readAacConfiguration(configuration)).toEqual(expected);
  });

  it('counts the channels of a program configuration element', () => {
    const writer = new BitWriter().bits(2, 5).bits(3, 4).bits(0, 4).bits(0, 3);
    writer.bits(0, 10).bits(1, 4).bits(1, 4).bits(0, 4).bits(1, 2).bits(0, 7).bits(0, 3);
    writer.flag(true).bits(0, 4).flag(false).bits(0, 4);
    expect(readAacConfiguration(writer.bytes()).channels).toBe(4);
  });

  it('is refused for object types that browsers do not play', () => {
    expect(() => readAacConfiguration(config('f94000'))).toThrow('use AAC-LC');
  });

  it('never fails with anything but a MediaError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (noise) => {
        try {
          expect(readAacConfiguration(noise).channels).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(MediaError);
        }
      }),
    );
  });
});
