import { MediaError } from '../media-error.ts';
import type { VideoConfiguration } from './configuration.ts';
import { readHevcSequence } from './hevc-sequence.ts';

/** `nal_unit_type` (ISO/IEC 23008-2 table 7-1). Random access pictures are 16 to 23. */
export const HEVC_NAL = {
  firstRandomAccess: 16,
  lastRandomAccess: 23,
  vps: 32,
  sps: 33,
  pps: 34,
  accessUnitDelimiter: 35,
} as const;

/** What an HEVCDecoderConfigurationRecord says. */
export interface HevcConfiguration extends VideoConfiguration {
  readonly codec: 'hevc';
  /** Bytes of the length before each NAL unit: 1, 2 or 4. */
  readonly nalLengthSize: number;
  /** How many frames may precede another in decoding order and follow it in output order. */
  readonly reorderFrames: number;
  /** VPS, SPS and PPS, in the record's order. */
  readonly parameterSets: readonly Uint8Array[];
}

/** `nal_unit_type` of a NAL unit. */
export function hevcNalType(unit: Uint8Array): number {
  return ((unit[0] ?? 0) >> 1) & 0x3f;
}

/** Reads the body of `hvcC` (ISO/IEC 14496-15 §8.3.3.1). Throws MediaError `codec-malformed`. */
export function readHevcConfiguration(record: Uint8Array): HevcConfiguration {
  if (record[0] !== 1 || record.length < 23) throw malformed('is not version 1 or too short');
  const nalLengthSize = ((record[21] ?? 0) & 3) + 1;
  if (nalLengthSize === 3) throw malformed('has NAL unit lengths of 3 bytes');
  return describe(record, nalLengthSize, readParameterSets(record));
}

/** Writes the body of `hvcC` from VPS, SPS and PPS NAL units. Throws MediaError `codec-malformed`. */
export function writeHevcConfiguration(
  parameterSets: readonly Uint8Array[],
  nalLengthSize = 4,
): HevcConfiguration {
  const sps = parameterSets.find((unit) => hevcNalType(unit) === HEVC_NAL.sps);
  if (!sps) throw malformed('needs a sequence parameter set');
  const sequence = readHevcSequence(sps);
  const types = [HEVC_NAL.vps, HEVC_NAL.sps, HEVC_NAL.pps];
  const arrays = types.flatMap((type) => writeArray(type, parameterSets));
  const layers = (sequence.temporalLayers << 3) | (sequence.temporalIdNesting ? 4 : 0) | (nalLengthSize - 1);
  const record = Uint8Array.from([
    ...[1, ...sequence.general, 0xf0, 0, 0xfc],
    ...[
      0xfc | sequence.chromaFormat,
      0xf8 | (sequence.bitDepthLuma - 8),
      0xf8 | (sequence.bitDepthChroma - 8),
    ],
    ...[0, 0, layers, types.length, ...arrays],
  ]);
  return describe(record, nalLengthSize, parameterSets);
}

function describe(
  record: Uint8Array,
  nalLengthSize: number,
  parameterSets: readonly Uint8Array[],
): HevcConfiguration {
  const sps = parameterSets.find((unit) => hevcNalType(unit) === HEVC_NAL.sps);
  const sequence = sps && readHevcSequence(sps);
  return {
    codec: 'hevc',
    codecString: formatCodecString(record),
    configuration: record,
    width: sequence?.width ?? 0,
    height: sequence?.height ?? 0,
    nalLengthSize,
    reorderFrames: sequence?.reorderFrames ?? 0,
    parameterSets,
  };
}

/** ISO/IEC 14496-15 §E.3 */
function formatCodecString(record: Uint8Array): string {
  const [, profile = 0] = record;
  const space = ['', 'A', 'B', 'C'][profile >> 6] ?? '';
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  let flags = view.getUint32(2);
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++, flags >>>= 1) reversed = ((reversed << 1) | (flags & 1)) >>> 0;
  const tier = (profile & 0x20) === 0 ? 'L' : 'H';
  const constraints = [...record.subarray(6, 12)];
  while (constraints.at(-1) === 0) constraints.pop();
  const parts = [
    `${space}${profile & 0x1f}`,
    reversed.toString(16),
    `${tier}${record[12] ?? 0}`,
    ...constraints.map((byte) => byte.toString(16)),
  ];
  return `hvc1.${parts.join('.').toUpperCase()}`;
}

function readParameterSets(record: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  let at = 23;
  for (let array = 0; array < (record[22] ?? 0); array++) {
    const count = (record[at + 1] ?? 0) * 256 + (record[at + 2] ?? 0);
    at += 3;
    for (let index = 0; index < count; index++) {
      const length = (record[at] ?? 0) * 256 + (record[at + 1] ?? 0);
      const unit = record.subarray(at + 2, at + 2 + length);
      if (unit.length !== length || length === 0) throw malformed('ends within a parameter set');
      units.push(unit);
      at += 2 + length;
    }
  }
  return units;
}

function writeArray(type: number, parameterSets: readonly Uint8Array[]): number[] {
  const units = parameterSets.filter((unit) => hevcNalType(unit) === type);
  const bytes = units.flatMap((unit) => {
    if (unit.length > 0xffff) throw malformed('has a parameter set of more than 65535 bytes');
    return [unit.length >> 8, unit.length & 0xff, ...unit];
  });
  return [0x80 | type, units.length >> 8, units.length & 0xff, ...bytes];
}

function malformed(problem: string): MediaError {
  return new MediaError('codec-malformed', `the HEVC configuration record ${problem}`);
}
