import { MediaError } from '../media-error.ts';
import { AVC_NAL, avcNalType, readAvcConfiguration, writeAvcConfiguration } from './avc.ts';
import { sameBytes, type VideoConfiguration } from './configuration.ts';
import { HEVC_NAL, hevcNalType, readHevcConfiguration, writeHevcConfiguration } from './hevc.ts';
import { joinLengthPrefixed, splitAnnexB, splitLengthPrefixed, startsWithStartCode } from './nal-units.ts';
import type { AccessUnit, VideoReader } from './video-reader.ts';

/** What differs between H.264 and HEVC. */
interface NalCodec {
  readonly name: string;
  readonly spsType: number;
  readonly delimiterType: number;
  type(unit: Uint8Array): number;
  isKeyframe(type: number): boolean;
  isParameterSet(type: number): boolean;
  readRecord(record: Uint8Array): NalConfiguration;
  writeRecord(parameterSets: readonly Uint8Array[], nalLengthSize: number): NalConfiguration;
}

/** Far more than encoders make; keeps the search for changes cheap in a hostile stream. */
const MAX_PARAMETER_SETS = 64;
const MAX_PARAMETER_SET_BYTES = 16_384;

interface NalConfiguration extends VideoConfiguration {
  readonly nalLengthSize: number;
  readonly reorderFrames: number;
  readonly parameterSets: readonly Uint8Array[];
}

/** Sync samples are IDR pictures (ISO/IEC 14496-15 §5.4.3). */
const AVC: NalCodec = {
  name: 'H.264',
  spsType: AVC_NAL.sps,
  delimiterType: AVC_NAL.accessUnitDelimiter,
  type: avcNalType,
  isKeyframe: (type) => type === AVC_NAL.idr,
  isParameterSet: (type) => type === AVC_NAL.sps || type === AVC_NAL.pps,
  readRecord: readAvcConfiguration,
  writeRecord: writeAvcConfiguration,
};

/** Sync samples are intra random access points (ISO/IEC 14496-15 §8.4.3). */
const HEVC: NalCodec = {
  name: 'HEVC',
  spsType: HEVC_NAL.sps,
  delimiterType: HEVC_NAL.accessUnitDelimiter,
  type: hevcNalType,
  isKeyframe: (type) => type >= HEVC_NAL.firstRandomAccess && type <= HEVC_NAL.lastRandomAccess,
  isParameterSet: (type) => type >= HEVC_NAL.vps && type <= HEVC_NAL.pps,
  readRecord: readHevcConfiguration,
  writeRecord: writeHevcConfiguration,
};

/**
 * Reads H.264 or HEVC, as length-prefixed units where there is a configuration record, else as Annex B. Parameter
 * sets stay in the samples, so that a later change of them is decoded; access unit delimiters of Annex B are left out.
 */
export class NalVideoReader implements VideoReader {
  readonly #codec: NalCodec;
  /** 0: Annex B. */
  readonly #nalLengthSize: number = 0;
  #parameterSets: readonly Uint8Array[] = [];
  #configuration: NalConfiguration | undefined;

  /** `description`: the body of `avcC` or `hvcC`, parameter sets as Annex B, or nothing. */
  constructor(codec: 'avc' | 'hevc', description: Uint8Array | undefined) {
    this.#codec = codec === 'avc' ? AVC : HEVC;
    if (!description || description.length === 0) return;
    if (startsWithStartCode(description)) {
      this.#adopt(splitAnnexB(description));
      return;
    }
    const record = this.#codec.readRecord(description);
    this.#nalLengthSize = record.nalLengthSize;
    this.#parameterSets = record.parameterSets;
    if (record.width > 0) this.#configuration = record;
  }

  get configuration(): VideoConfiguration | undefined {
    return this.#configuration;
  }

  get reorderFrames(): number {
    return this.#configuration?.reorderFrames ?? 0;
  }

  read(unit: Uint8Array): AccessUnit {
    const lengthSize = this.#nalLengthSize;
    const units = lengthSize === 0 ? splitAnnexB(unit) : splitLengthPrefixed(unit, lengthSize);
    if (units.length === 0)
      throw new MediaError('codec-malformed', `a ${this.#codec.name} frame has no NAL units`);
    const keyframe = units.some((nal) => this.#codec.isKeyframe(this.#codec.type(nal)));
    if (keyframe) this.#adopt(units);
    return { keyframe, data: lengthSize === 0 ? this.#convert(units) : unit };
  }

  #convert(units: readonly Uint8Array[]): Uint8Array {
    return joinLengthPrefixed(units.filter((nal) => this.#codec.type(nal) !== this.#codec.delimiterType));
  }

  /**
   * A new SPS makes a new configuration. A new PPS alone does not: some encoders send a different one with every
   * keyframe, and it is in the sample.
   */
  #adopt(units: readonly Uint8Array[]): void {
    const sets = units.filter((nal) => this.#codec.isParameterSet(this.#codec.type(nal)));
    if (sets.length > MAX_PARAMETER_SETS || sets.some((nal) => nal.length > MAX_PARAMETER_SET_BYTES)) {
      throw new MediaError(
        'codec-malformed',
        `a ${this.#codec.name} frame has too many or too large parameter sets`,
      );
    }
    const known = (nal: Uint8Array) => this.#parameterSets.some((other) => sameBytes(other, nal));
    const fresh = sets.some((nal) => this.#codec.type(nal) === this.#codec.spsType && !known(nal));
    if (!fresh) return;
    const types = new Set(sets.map((nal) => this.#codec.type(nal)));
    const kept = this.#parameterSets.filter((nal) => !types.has(this.#codec.type(nal)));
    // Copies: a configuration outlives the buffer that it came in.
    const adopted = [...kept, ...withoutRepeats(sets).map((nal) => new Uint8Array(nal))];
    this.#configuration = this.#codec.writeRecord(adopted, this.#nalLengthSize || 4);
    this.#parameterSets = adopted;
  }
}

function withoutRepeats(units: readonly Uint8Array[]): Uint8Array[] {
  return units.filter((unit, index) => !units.slice(0, index).some((other) => sameBytes(other, unit)));
}
