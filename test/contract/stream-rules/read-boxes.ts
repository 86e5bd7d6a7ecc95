/** A chunk as its bytes tell of it; times in ticks. */
export interface ReadChunk {
  readonly trackId: number;
  readonly decodeTime: number;
  readonly duration: number;
  readonly samples: number;
  /** The first sample is one that decoding can start at; `undefined` where only the header of the track says it. */
  readonly sync: boolean | undefined;
}

/** A track as an init segment tells of it. */
export interface ReadInit {
  readonly trackId: number;
  readonly timescale: number;
  readonly handler: string;
}

interface Box {
  readonly type: string;
  /** Of what is in it. */
  readonly start: number;
  readonly end: number;
}

/** The boxes (ISO/IEC 14496-12 §4.2) from there to there. Throws Error where they do not fill it. */
function boxesOf(view: DataView, start: number, end: number): Box[] {
  const boxes: Box[] = [];
  let at = start;
  while (at < end) {
    const size = view.getUint32(at);
    const type = String.fromCharCode(...[4, 5, 6, 7].map((offset) => view.getUint8(at + offset)));
    if (size < 8 || at + size > end) throw new Error(`${type} of ${size} bytes does not fit`);
    boxes.push({ type, start: at + 8, end: at + size });
    at += size;
  }
  return boxes;
}

function only(boxes: readonly Box[], type: string): Box {
  const found = boxes.filter((box) => box.type === type);
  const [first] = found;
  if (!first || found.length > 1) throw new Error(`${found.length} boxes of ${type}`);
  return first;
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new DataView(buffer, byteOffset, byteLength);

/** Reads `[prft] moof mdat`, for tests: without a word of what writes it. Throws Error on anything else. */
export function readChunkBytes(bytes: Uint8Array): ReadChunk {
  const view = viewOf(bytes);
  const boxes = boxesOf(view, 0, bytes.byteLength);
  const order = boxes.map(({ type }) => type).join(' ');
  if (order !== 'moof mdat' && order !== 'prft moof mdat') throw new Error(`boxes: ${order}`);
  const [moof, mdat] = [only(boxes, 'moof'), only(boxes, 'mdat')];
  const traf = only(boxesOf(view, moof.start, moof.end), 'traf');
  const inside = boxesOf(view, traf.start, traf.end);
  const tfhd = readHeader(view, only(inside, 'tfhd'));
  const run = readRun(view, only(inside, 'trun'), tfhd);
  const moofStart = moof.start - 8;
  if (moofStart + run.dataOffset !== mdat.start || run.bytes !== mdat.end - mdat.start)
    throw new Error('its samples are not what is in mdat');
  return { ...run, trackId: tfhd.trackId, decodeTime: readDecodeTime(view, only(inside, 'tfdt')) };
}

/** §8.8.12. */
function readDecodeTime(view: DataView, { start }: Box): number {
  return view.getUint8(start) === 1 ? Number(view.getBigUint64(start + 4)) : view.getUint32(start + 4);
}

/** §8.8.7. */
function readHeader(view: DataView, { start }: Box) {
  const flags = view.getUint32(start) & 0xff_ff_ff;
  let at = start + 8;
  const next = (flag: number, size = 4): number | undefined => {
    if (!(flags & flag)) return undefined;
    at += size;
    return view.getUint32(at - 4);
  };
  next(0x1, 8);
  next(0x2);
  const [duration, size, sampleFlags] = [next(0x8), next(0x10), next(0x20)];
  return { trackId: view.getUint32(start + 4), duration, size, sampleFlags };
}

/** §8.8.8. */
function readRun(view: DataView, { start }: Box, defaults: ReturnType<typeof readHeader>) {
  const flags = view.getUint32(start) & 0xff_ff_ff;
  const samples = view.getUint32(start + 4);
  let at = start + 8;
  const next = (flag: number): number | undefined => {
    if (!(flags & flag)) return undefined;
    at += 4;
    return view.getUint32(at - 4);
  };
  const dataOffset = next(0x1) ?? Number.NaN;
  let sampleFlags = next(0x4) ?? defaults.sampleFlags;
  let [duration, bytes] = [0, 0];
  for (let index = 0; index < samples; index += 1) {
    duration += next(0x100) ?? defaults.duration ?? Number.NaN;
    bytes += next(0x200) ?? defaults.size ?? Number.NaN;
    const own = next(0x400);
    if (index === 0) sampleFlags = own ?? sampleFlags;
    next(0x800);
  }
  // `sample_is_non_sync_sample` (§8.8.3.1).
  const sync = sampleFlags === undefined ? undefined : (sampleFlags & 0x1_00_00) === 0;
  return { samples, dataOffset, duration, bytes, sync };
}

/** Reads the header of one track. Throws Error where there are more. */
export function readInitBytes(bytes: Uint8Array): ReadInit {
  const view = viewOf(bytes);
  const inside = (box: Box, type: string) => only(boxesOf(view, box.start, box.end), type);
  const moov = only(boxesOf(view, 0, bytes.byteLength), 'moov');
  const trak = inside(moov, 'trak');
  const [tkhd, mdia] = [inside(trak, 'tkhd'), inside(trak, 'mdia')];
  const [mdhd, hdlr] = [inside(mdia, 'mdhd'), inside(mdia, 'hdlr')];
  const skip = (box: Box) => box.start + (view.getUint8(box.start) === 1 ? 20 : 12);
  const name = [8, 9, 10, 11].map((offset) => view.getUint8(hdlr.start + offset));
  return {
    trackId: view.getUint32(skip(tkhd)),
    timescale: view.getUint32(skip(mdhd)),
    handler: String.fromCharCode(...name),
  };
}
