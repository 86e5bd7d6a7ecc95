import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { readAudioTag } from '../../media/flv/audio-tag.ts';
import { timescale } from '../../media/time.ts';
import type { AudioTrack } from '../../media/track.ts';
import { flvTrackOf } from './flv-track.ts';
import { silenceOf } from './silence.ts';

const RATES = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050];

const aac = (sampleRate: number, channels: number): AudioTrack => {
  const index = RATES.indexOf(sampleRate);
  const configuration = Uint8Array.of((2 << 3) | (index >> 1), ((index & 1) << 7) | (channels << 3));
  return {
    ...{ kind: 'audio', codec: 'aac', codecString: 'mp4a.40.2', timescale: timescale(sampleRate) },
    ...{ configuration, sampleRate, channels },
  };
};

/** ISO/IEC 13818-7 §6.2. */
function adts(packet: Uint8Array, sampleRate: number, channels: number): Uint8Array {
  const length = 7 + packet.length;
  const index = RATES.indexOf(sampleRate);
  return Uint8Array.of(
    ...[0xff, 0xf1, (1 << 6) | (index << 2), (channels << 6) | (length >> 11), (length >> 3) & 0xff],
    ...[((length & 7) << 5) | 0x1f, 0xfc, ...packet],
  );
}

describe('silence', () => {
  it.each([
    [48_000, 1],
    [48_000, 2],
    [44_100, 2],
    [22_050, 1],
  ])(
    'of AAC with %i Hz and %i channels is decoded without complaint, and is silent',
    (sampleRate, channels) => {
      const silence = silenceOf(flvTrackOf(aac(sampleRate, channels)));
      const tag = readAudioTag(silence?.payload ?? new Uint8Array());
      const packet = tag.type === 'frame' ? tag.data : new Uint8Array();
      const file = Buffer.concat(Array.from({ length: 20 }, () => adts(packet, sampleRate, channels)));
      const decoding = ['-v', 'error', '-xerror', '-f', 'aac', '-i', 'pipe:0', '-f', 's16le', 'pipe:1'];
      const decoded = execFileSync('ffmpeg', decoding, { input: file, stdio: ['pipe', 'pipe', 'pipe'] });
      expect(decoded.length).toBe(20 * 1024 * channels * 2);
      expect(decoded.every((byte) => byte === 0)).toBe(true);
      expect(silence?.duration).toBeCloseTo(1_024_000 / sampleRate);
    },
  );

  it('of Opus is a packet of 20 ms, and there is none of more than two channels', () => {
    const dops = (channels: number) => Uint8Array.of(0, channels, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0);
    const opus = (channels: number): AudioTrack => ({
      ...{ kind: 'audio', codec: 'opus', codecString: 'opus', timescale: timescale(48_000) },
      ...{ configuration: dops(channels), sampleRate: 48_000, channels },
    });
    expect(silenceOf(flvTrackOf(opus(2)))).toMatchObject({ duration: 20 });
    expect(silenceOf(flvTrackOf(opus(6)))).toBeUndefined();
  });
});
