import {
  AV1_OBU,
  type Av1Obu,
  findAv1SequenceHeader,
  isAv1Keyframe,
  readAv1Configuration,
  splitAv1Obus,
  writeAv1Configuration,
} from './av1.ts';
import { sameBytes, type VideoConfiguration } from './configuration.ts';
import type { AccessUnit, VideoReader } from './video-reader.ts';

/** Reads AV1 temporal units; the temporal delimiter that MP4 leaves out is cut off (AV1-ISOBMFF §2.4). */
export class Av1VideoReader implements VideoReader {
  readonly reorderFrames = 0;
  #header: Uint8Array | undefined;
  #configuration: VideoConfiguration | undefined;

  /** `description`: the body of `av1C`, or nothing. One without a sequence header (as Chromium's) waits for a keyframe. */
  constructor(description: Uint8Array | undefined) {
    if (!description || description.length === 0) return;
    const record = readAv1Configuration(description);
    if (record.width === 0) return;
    this.#configuration = record;
    this.#header = findAv1SequenceHeader(record.configuration.subarray(4))?.payload;
  }

  get configuration(): VideoConfiguration | undefined {
    return this.#configuration;
  }

  read(unit: Uint8Array): AccessUnit {
    const obus = splitAv1Obus(unit);
    const keyframe = isAv1Keyframe(obus);
    if (keyframe) this.#adopt(obus);
    const delimiters = obus.findIndex((obu) => obu.type !== AV1_OBU.temporalDelimiter);
    const cut = obus.slice(0, delimiters < 0 ? obus.length : delimiters);
    return { keyframe, data: unit.subarray(cut.reduce((sum, obu) => sum + obu.bytes.length, 0)) };
  }

  #adopt(obus: readonly Av1Obu[]): void {
    const header = obus.find((obu) => obu.type === AV1_OBU.sequenceHeader);
    if (!header || (this.#header && sameBytes(this.#header, header.payload))) return;
    this.#configuration = writeAv1Configuration(header);
    this.#header = new Uint8Array(header.payload);
  }
}
