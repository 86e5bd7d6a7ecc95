import { DEFAULT_DEMUXER_LIMITS, type Demuxer, type DemuxerLimits } from '../demuxer.ts';
import { MediaError } from '../media-error.ts';
import type { SampleSink } from '../sample.ts';
import { type Bytes, bytes, rescale, type Ticks, type Timescale, ticks } from '../time.ts';
import { Announcer } from './announcer.ts';
import { type Block, readBlock } from './block.ts';
import { EBML_ID } from './ebml-id.ts';
import { readElements, readFields, readText, readUnsigned } from './ebml-value.ts';
import { ElementWalker } from './element-walker.ts';
import { readTracks, type TrackEntry } from './track-entry.ts';
import { openTrackSource, type TrackSource } from './track-source.ts';
import { WebmClock } from './webm-clock.ts';

const DEFAULT_TIMESTAMP_SCALE = 1_000_000;
/** A longer BlockDuration than this is not a frame's: taken as unknown. */
const MAX_FRAME_SECONDS = 60;

/** A track of the Segment that is being read. */
interface ActiveTrack {
  readonly entry: TrackEntry;
  readonly source: TrackSource;
}

/**
 * Demuxes live WebM and Matroska (RFC 9559), as MediaRecorder, ffmpeg and OBS send it. A further EBML header and
 * Segment on the same stream continue the timeline, with their tracks announced again.
 */
export class WebmDemuxer implements Demuxer {
  readonly #sink: SampleSink;
  readonly #limits: DemuxerLimits;
  readonly #announcer: Announcer;
  readonly #walker: ElementWalker;
  #document = false;
  #segments = 0;
  /** Where the first Cluster of the stream begins. */
  #header: number | undefined;
  #scale = DEFAULT_TIMESTAMP_SCALE;
  #clock = new WebmClock(DEFAULT_TIMESTAMP_SCALE);
  #entries: readonly TrackEntry[] | undefined;
  /** By track number, once the first Cluster of the Segment has begun. */
  #tracks: Map<number, ActiveTrack> | undefined;
  /** In units of the TimestampScale; undefined before the Cluster's Timestamp. */
  #clusterTimestamp: number | undefined;
  /** Where the media so far ends, and the latest decode time, on the clock of the Segment. */
  #mediaEnd: Ticks | undefined;
  #latestDts = -Infinity as Ticks;
  /** Added to the Segment's times; undefined before its first block. */
  #offset: Ticks | undefined;

  /** Throws nothing; `push` and `end` do. */
  constructor(sink: SampleSink, limits: DemuxerLimits = DEFAULT_DEMUXER_LIMITS) {
    this.#sink = sink;
    this.#limits = limits;
    this.#announcer = new Announcer(sink);
    this.#walker = new ElementWalker(
      { open: (id, position) => this.#open(id, position), element: (id, body) => this.#element(id, body) },
      limits.maxElement,
    );
  }

  /** Bytes that are held: of an element that is not whole, and of samples that wait for a track to become known. */
  get retained(): Bytes {
    return bytes(this.#walker.retained + this.#announcer.retained);
  }

  push(piece: Uint8Array): void {
    this.#walker.push(piece);
  }

  skipTo(offset: number): void {
    this.#header ??= this.#walker.position;
    this.#walker.skipTo(offset);
  }

  end(): void {
    const announced = this.#announcer.end();
    this.#walker.end();
    if (!announced) throw new MediaError('no-tracks', 'the stream ended before any track could be decoded');
  }

  #open(id: number, position: number): void {
    if (id === EBML_ID.segment) this.#openSegment();
    else this.#openCluster(position);
  }

  #element(id: number, body: Uint8Array): void {
    switch (id) {
      case EBML_ID.ebml:
        this.#readHeader(body);
        break;
      case EBML_ID.info:
        this.#readInfo(body);
        break;
      case EBML_ID.tracks:
        // A Segment may repeat its Tracks, unchanged (RFC 9559 §5.1.4).
        this.#entries ??= readTracks(body, this.#limits.maxTracks);
        break;
      case EBML_ID.timestamp:
        this.#clusterTimestamp = readUnsigned(body);
        break;
      case EBML_ID.simpleBlock:
        this.#readBlock(readBlock(body), undefined);
        break;
      case EBML_ID.blockGroup:
        this.#readBlockGroup(body);
        break;
    }
  }

  /** RFC 8794 §11.2 */
  #readHeader(body: Uint8Array): void {
    const fields = readFields(body);
    const unsigned = (id: number, otherwise: number) => {
      const data = fields.get(id);
      return data ? readUnsigned(data) : otherwise;
    };
    const docType = readText(fields.get(EBML_ID.docType) ?? new Uint8Array());
    if (docType !== 'webm' && docType !== 'matroska') {
      throw new MediaError(
        'container-unknown',
        `an EBML document of type "${docType}" is neither WebM nor Matroska`,
      );
    }
    const readable =
      unsigned(EBML_ID.ebmlReadVersion, 1) === 1 &&
      unsigned(EBML_ID.ebmlMaxIdLength, 4) <= 4 &&
      unsigned(EBML_ID.ebmlMaxSizeLength, 8) <= 8;
    if (!readable) throw malformed('its EBML header asks for longer IDs or sizes than WebM has');
    this.#document = true;
  }

  #openSegment(): void {
    if (!this.#document) throw malformed('a Segment has no EBML header before it');
    this.#segments += 1;
    this.#scale = DEFAULT_TIMESTAMP_SCALE;
    this.#entries = undefined;
    this.#tracks = undefined;
  }

  #readInfo(body: Uint8Array): void {
    const scale = readFields(body).get(EBML_ID.timestampScale);
    if (scale && !this.#tracks) this.#scale = readUnsigned(scale);
  }

  #openCluster(position: number): void {
    this.#clusterTimestamp = undefined;
    this.#tracks ??= this.#openTracks();
    this.#header ??= position;
    // What a further Segment is placed by is known to who read the ones before it.
    if (this.#segments > 1 || this.#announcer.waiting) return;
    this.#sink.restartPoint?.({ header: this.#header, offset: position });
  }

  /** Info may follow Tracks, so the clock and what depends on it is made when both must have come. */
  #openTracks(): Map<number, ActiveTrack> {
    if (!this.#entries) throw malformed('a Cluster comes before the Tracks');
    this.#changeClock(new WebmClock(this.#scale));
    const options = { clock: this.#clock, maxPixels: this.#limits.maxPixels, floor: this.#latestDts };
    const tracks = new Map<number, ActiveTrack>();
    for (const entry of this.#entries) {
      const source = openTrackSource(entry, options);
      if (source) tracks.set(entry.number, { entry, source });
    }
    if (tracks.size === 0) throw new MediaError('no-tracks', 'the stream has neither video nor audio');
    this.#announcer.begin([...tracks.values()].map(({ source }) => source));
    return tracks;
  }

  #changeClock(clock: WebmClock): void {
    const from: Timescale = this.#clock.timescale;
    const convert = (value: Ticks) =>
      Number.isFinite(value) ? rescale(value, from, clock.timescale) : value;
    if (this.#mediaEnd !== undefined) this.#mediaEnd = convert(this.#mediaEnd);
    this.#latestDts = convert(this.#latestDts);
    this.#offset = undefined;
    this.#clock = clock;
  }

  #readBlockGroup(body: Uint8Array): void {
    let block: Block | undefined;
    let duration: number | undefined;
    for (const { id, data } of readElements(body)) {
      if (id === EBML_ID.block) block = readBlock(data);
      else if (id === EBML_ID.blockDuration) duration = readUnsigned(data);
    }
    if (block) this.#readBlock(block, duration);
  }

  /** The flags of blocks are not asked: whether a frame is a keyframe is read from the frame. */
  #readBlock(block: Block, duration: number | undefined): void {
    const active = this.#tracks?.get(block.trackNumber);
    if (!active) return;
    if (this.#clusterTimestamp === undefined) throw malformed('a Cluster has a block before its Timestamp');
    const blockDuration = this.#plausible(duration);
    const whole = ticks(block.frames.length === 1 ? blockDuration : 0);
    const share = blockDuration / block.frames.length;
    let time: number = this.#blockTime(active, this.#clusterTimestamp + block.timestamp);
    for (const data of block.frames) {
      const frame = prepend(active.entry.strippedHeader, data);
      this.#readFrame(active.source, frame, ticks(Math.round(time)), whole);
      time += active.source.frameDuration(frame) || share;
    }
  }

  #plausible(duration: number | undefined): number {
    if (duration === undefined || duration * this.#scale > MAX_FRAME_SECONDS * 1e9) return 0;
    return this.#clock.fromUnits(duration);
  }

  /** On the timeline of the stream, less what the decoder adds in front (CodecDelay, RFC 9559 §5.1.4.1.25). */
  #blockTime({ entry }: ActiveTrack, units: number): Ticks {
    const time = this.#clock.fromUnits(units);
    if (this.#offset === undefined) {
      const end = this.#mediaEnd ?? time;
      this.#offset = ticks(Math.max(0, end - time));
    }
    return this.#clock.checked(time + this.#offset - this.#clock.fromNanoseconds(entry.codecDelay));
  }

  #readFrame(source: TrackSource, frame: Uint8Array, pts: Ticks, duration: Ticks): void {
    const sample = source.read(frame, pts, duration);
    if (!sample || !source.track) return;
    this.#mediaEnd = ticks(Math.max(this.#mediaEnd ?? -Infinity, sample.pts + sample.duration));
    this.#latestDts = ticks(Math.max(this.#latestDts, sample.dts));
    this.#announcer.sample(source, source.track, sample);
  }
}

/** Undoes header stripping (RFC 9559 §5.1.4.1.31.6); without it, the frame as it is. */
function prepend(header: Uint8Array | undefined, frame: Uint8Array): Uint8Array {
  if (!header || header.length === 0) return frame;
  const whole = new Uint8Array(header.length + frame.length);
  whole.set(header);
  whole.set(frame, header.length);
  return whole;
}

function malformed(problem: string): MediaError {
  return new MediaError('container-malformed', `the WebM stream is damaged: ${problem}`);
}
