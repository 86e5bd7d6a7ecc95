import { MediaError } from '../media-error.ts';
import { BitReader } from './bit-reader.ts';
import type { AudioConfiguration } from './configuration.ts';

/**
 * raw_data_block()s of AAC-LC without a spectrum (ISO/IEC 14496-3 §4.4.2.1): one channel element without scale factor bands
 * that hold anything, then the end. They are the same at every sample rate.
 */
const SILENCE = {
  mono: Uint8Array.of(0x00, 0xc8, 0x00, 0x80, 0x23, 0x80),
  stereo: Uint8Array.of(0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80),
} as const;

/** What an AudioSpecificConfig says. */
export interface AacConfiguration extends AudioConfiguration {
  readonly codec: 'aac';
  /** Length of one packet at `sampleRate`: 1024, or 2048 with SBR (960 and 1920 for the short transform). */
  readonly samplesPerPacket: number;
}

const SAMPLE_RATES = [
  96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
];
/** By channelConfiguration (ISO/IEC 14496-3 table 1.19); 0 has a program configuration element. */
const CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8];
/** Object types with a GASpecificConfig that players know: Main, LC, SSR, LTP. */
const GENERAL_AUDIO = [1, 2, 3, 4];
const SBR = 5;
const PS = 29;
const SYNC_EXTENSION = 0x2b7;

/**
 * Reads an AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1) with SBR and PS, signalled either way. Throws MediaError
 * `codec-malformed`, or `codec-unsupported` for an object type that browsers do not play.
 */
export function readAacConfiguration(configuration: Uint8Array): AacConfiguration {
  const reader = new BitReader(configuration, 'the AudioSpecificConfig');
  const signalled = readObjectType(reader);
  const coreRate = readSampleRate(reader);
  const channelConfiguration = reader.bits(4);
  const hierarchical = signalled === SBR || signalled === PS;
  const extendedRate = hierarchical ? readSampleRate(reader) : 0;
  const core = hierarchical ? readObjectType(reader) : signalled;
  if (!GENERAL_AUDIO.includes(core)) {
    throw new MediaError('codec-unsupported', `AAC object type ${core} is not supported: use AAC-LC`);
  }
  const short = reader.flag();
  if (reader.flag()) reader.skip(14);
  reader.skip(1);
  const coreChannels = channelConfiguration ? (CHANNELS[channelConfiguration] ?? 0) : readChannels(reader);
  if (coreChannels === 0) throw reader.malformed('has no channels');
  const sampleRate = extendedRate || readSyncExtension(reader) || coreRate;
  return {
    codec: 'aac',
    codecString: `mp4a.40.${signalled}`,
    configuration,
    sampleRate,
    channels: signalled === PS && coreChannels === 1 ? 2 : coreChannels,
    samplesPerPacket: Math.round(((short ? 960 : 1024) * sampleRate) / coreRate),
  };
}

/** A packet of AAC-LC without sound; undefined for other object types, for more than two channels and where SBR may double its length. */
export function aacSilentPacket({
  codecString,
  channels,
  samplesPerPacket,
}: AacConfiguration): Uint8Array | undefined {
  if (codecString !== 'mp4a.40.2' || samplesPerPacket !== 1024) return undefined;
  return channels === 1 ? SILENCE.mono : channels === 2 ? SILENCE.stereo : undefined;
}

function readObjectType(reader: BitReader): number {
  const type = reader.bits(5);
  return type === 31 ? 32 + reader.bits(6) : type;
}

function readSampleRate(reader: BitReader): number {
  const index = reader.bits(4);
  const rate = index === 15 ? reader.bits(24) : SAMPLE_RATES[index];
  if (!rate) throw reader.malformed('has no valid sample rate');
  return rate;
}

/** program_config_element(), ISO/IEC 14496-3 §4.4.1.1, up to its list of channels. */
function readChannels(reader: BitReader): number {
  reader.skip(10);
  const [front = 0, side = 0, back = 0, low = 0] = [4, 4, 4, 2].map((bits) => reader.bits(bits));
  reader.skip(7);
  for (const bits of [4, 4, 3]) if (reader.flag()) reader.skip(bits);
  let channels = low;
  for (let element = 0; element < front + side + back; element++) {
    channels += reader.flag() ? 2 : 1;
    reader.skip(4);
  }
  return channels;
}

/** Backward compatible signalling of SBR (ISO/IEC 14496-3 §1.6.6.1): its sample rate, or 0. */
function readSyncExtension(reader: BitReader): number {
  if (reader.left < 16 + 1 || reader.bits(11) !== SYNC_EXTENSION) return 0;
  if (readObjectType(reader) !== SBR || !reader.flag()) return 0;
  return readSampleRate(reader);
}
