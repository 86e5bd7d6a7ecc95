import { MediaError } from '../media-error.ts';
import { type AvcSequence, readAvcSequence } from './avc-sequence.ts';
import { hexadecimal, type VideoConfiguration } from './configuration.ts';

/** `nal_unit_type` (ISO/IEC 14496-10 table 7-1). */
export const AVC_NAL = { idr: 5, sps: 7, pps: 8, accessUnitDelimiter: 9 } as const;

/** What an AVCDecoderConfigurationRecord says. */
export interface AvcConfiguration extends VideoConfiguration {
  readonly codec: 'avc';
  /** Bytes of the length before each NAL unit: 1, 2 or 4. */
  readonly nalLengthSize: number;
  /** How many frames may precede another in decoding order and follow it in output order. */
  readonly reorderFrames: number;
  /** SPS, then PPS. */
  readonly parameterSets: readonly Uint8Array[];
}

/** `nal_unit_type` of a NAL unit. */
export function avcNalType(unit: Uint8Array): number {
  return (unit[0] ?? 0) & 0x1f;
}

/** Reads the body of `avcC` (ISO/IEC 14496-15 §5.3.3.1). Throws MediaError `codec-malformed`. */
export function readAvcConfiguration(record: Uint8Array): AvcConfiguration {
  if (record[0] !== 1 || record.length < 7) throw malformed('is not version 1 or too short');
  const nalLengthSize = ((record[4] ?? 0) & 3) + 1;
  if (nalLengthSize === 3) throw malformed('has NAL unit lengths of 3 bytes');
  const sps = readParameterSets(record, 6, (record[5] ?? 0) & 0x1f);
  const pps = readParameterSets(record, sps.end + 1, record[sps.end] ?? 0);
  return describe(record, nalLengthSize, [...sps.units, ...pps.units]);
}

/** Writes the body of `avcC` from SPS and PPS NAL units. Throws MediaError `codec-malformed`. */
export function writeAvcConfiguration(
  parameterSets: readonly Uint8Array[],
  nalLengthSize = 4,
): AvcConfiguration {
  const sps = parameterSets.filter((unit) => avcNalType(unit) === AVC_NAL.sps);
  const pps = parameterSets.filter((unit) => avcNalType(unit) === AVC_NAL.pps);
  const first = sps[0];
  if (!first || sps.length > 31 || pps.length > 255) throw malformed('needs 1 to 31 SPS and at most 255 PPS');
  const sequence = readAvcSequence(first);
  const record = Uint8Array.from([
    ...[1, sequence.profile, sequence.constraints, sequence.level, 0xfc | (nalLengthSize - 1)],
    ...[0xe0 | sps.length, ...sps.flatMap(writeParameterSet)],
    ...[pps.length, ...pps.flatMap(writeParameterSet)],
    ...writeHighProfileFields(sequence),
  ]);
  return describe(record, nalLengthSize, [...sps, ...pps]);
}

function describe(
  record: Uint8Array,
  nalLengthSize: number,
  parameterSets: readonly Uint8Array[],
): AvcConfiguration {
  const sps = parameterSets.find((unit) => avcNalType(unit) === AVC_NAL.sps);
  const sequence = sps && readAvcSequence(sps);
  return {
    codec: 'avc',
    codecString: `avc1.${hexadecimal(record[1] ?? 0, record[2] ?? 0, record[3] ?? 0)}`,
    configuration: record,
    width: sequence?.width ?? 0,
    height: sequence?.height ?? 0,
    nalLengthSize,
    reorderFrames: sequence?.reorderFrames ?? 0,
    parameterSets,
  };
}

function readParameterSets(record: Uint8Array, start: number, count: number) {
  const units: Uint8Array[] = [];
  let end = start;
  for (let index = 0; index < count; index++) {
    const length = (record[end] ?? 0) * 256 + (record[end + 1] ?? 0);
    const unit = record.subarray(end + 2, end + 2 + length);
    if (unit.length !== length || length === 0) throw malformed('ends within a parameter set');
    units.push(unit);
    end += 2 + length;
  }
  return { units, end };
}

function writeParameterSet(unit: Uint8Array): number[] {
  if (unit.length > 0xffff) throw malformed('has a parameter set of more than 65535 bytes');
  return [unit.length >> 8, unit.length & 0xff, ...unit];
}

function writeHighProfileFields(sequence: AvcSequence): number[] {
  if (![100, 110, 122, 144].includes(sequence.profile)) return [];
  const { chromaFormat, bitDepthLuma, bitDepthChroma } = sequence;
  return [0xfc | chromaFormat, 0xf8 | (bitDepthLuma - 8), 0xf8 | (bitDepthChroma - 8), 0];
}

function malformed(problem: string): MediaError {
  return new MediaError('codec-malformed', `the H.264 configuration record ${problem}`);
}
