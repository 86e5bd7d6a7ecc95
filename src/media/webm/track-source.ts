import { readAacConfiguration } from '../codec/aac.ts';
import { Av1VideoReader } from '../codec/av1-video-reader.ts';
import {
  type AudioConfiguration,
  checkPictureSize,
  type VideoConfiguration,
} from '../codec/configuration.ts';
import { NalVideoReader } from '../codec/nal-video-reader.ts';
import { OPUS_SAMPLE_RATE, opusPacketDuration, writeOpusConfiguration } from '../codec/opus.ts';
import type { VideoReader } from '../codec/video-reader.ts';
import { VpVideoReader } from '../codec/vp-video-reader.ts';
import { MediaError } from '../media-error.ts';
import type { Sample } from '../sample.ts';
import { type Ticks, ticks } from '../time.ts';
import type { Track } from '../track.ts';
import { DecodeOrder } from './decode-order.ts';
import { TRACK_TYPE, type TrackEntry } from './track-entry.ts';
import type { WebmClock } from './webm-clock.ts';

/** What all tracks of a Segment share. */
export interface SourceOptions {
  readonly clock: WebmClock;
  readonly maxPixels: number;
  /** No decode time is before this one. */
  readonly floor: Ticks;
}

/** One track of a Segment: turns its frames into samples, and knows its configuration as far as it was told. */
export interface TrackSource {
  readonly kind: Track['kind'];
  /** Undefined until the configuration is known; another object after it changed. */
  readonly track: Track | undefined;
  /** Ticks, perhaps not whole, from this frame to the next one in the same lace; 0 when unknown. */
  frameDuration(frame: Uint8Array): number;
  /** The sample of a frame, or undefined for one that cannot be decoded: before the first keyframe, or empty. */
  read(frame: Uint8Array, pts: Ticks, duration: Ticks): Sample | undefined;
}

/** Makes what reads a track, undefined for kinds that are not carried. Throws MediaError `codec-unsupported`. */
export function openTrackSource(entry: TrackEntry, options: SourceOptions): TrackSource | undefined {
  if (entry.type === TRACK_TYPE.video) return new VideoSource(entry, options);
  if (entry.type === TRACK_TYPE.audio) return new AudioSource(entry, options);
  return undefined;
}

class VideoSource implements TrackSource {
  readonly kind = 'video';
  track: Track | undefined;
  readonly #options: SourceOptions;
  readonly #reader: VideoReader;
  readonly #order: DecodeOrder;
  readonly #frameDuration: Ticks;
  #configuration: VideoConfiguration | undefined;
  #started = false;

  constructor(entry: TrackEntry, options: SourceOptions) {
    this.#options = options;
    this.#frameDuration = options.clock.fromNanoseconds(entry.defaultDuration);
    this.#reader = openVideoReader(entry);
    this.#order = new DecodeOrder(extrapolatedDuration(this.#frameDuration, options.clock), options.floor);
    this.#update();
  }

  frameDuration(): number {
    return this.#frameDuration;
  }

  read(frame: Uint8Array, pts: Ticks, duration: Ticks): Sample | undefined {
    const { keyframe, data } = this.#reader.read(frame);
    if (keyframe) this.#update();
    if (keyframe && this.track) this.#started = true;
    if (!this.#started || data.length === 0) return undefined;
    return { ...this.#order.place(pts, this.#reader.reorderFrames), duration, keyframe, data };
  }

  #update(): void {
    const configuration = this.#reader.configuration;
    if (!configuration || configuration === this.#configuration) return;
    checkPictureSize(configuration.width, configuration.height, this.#options.maxPixels);
    const { codec, codecString, width, height } = configuration;
    const record = configuration.configuration;
    const timescale = this.#options.clock.timescale;
    this.#configuration = configuration;
    this.track = { kind: 'video', codec, codecString, timescale, configuration: record, width, height };
  }
}

class AudioSource implements TrackSource {
  readonly kind = 'audio';
  readonly track: Track;
  readonly #order: DecodeOrder;
  readonly #frameDuration: (frame: Uint8Array) => number;

  constructor(entry: TrackEntry, options: SourceOptions) {
    const { configuration, packetSamples } = openAudio(entry);
    const { codec, codecString, sampleRate, channels } = configuration;
    const { timescale } = options.clock;
    const record = configuration.configuration;
    this.track = {
      kind: 'audio',
      codec,
      codecString,
      timescale,
      configuration: record,
      sampleRate,
      channels,
    };
    this.#order = new DecodeOrder(ticks(0), options.floor);
    this.#frameDuration = (frame) => (packetSamples(frame) * timescale) / sampleRate;
  }

  frameDuration(frame: Uint8Array): number {
    return this.#frameDuration(frame);
  }

  read(frame: Uint8Array, pts: Ticks, duration: Ticks): Sample | undefined {
    if (frame.length === 0) return undefined;
    // The codec knows its own length exactly, where that is whole ticks; a container's is rounded.
    const exact = this.#frameDuration(frame);
    const known = exact > 0 && Number.isInteger(exact) ? ticks(exact) : duration;
    return { ...this.#order.place(pts, 0), duration: known, keyframe: true, data: frame };
  }
}

/** What is between frames that nobody told the distance of: a 30th of a second. */
function extrapolatedDuration(stated: Ticks, clock: WebmClock): Ticks {
  const plausible = stated > 0 && stated <= clock.timescale;
  return plausible ? stated : ticks(Math.max(1, Math.round(clock.timescale / 30)));
}

/** RFC 9559 §27.25 names the codec IDs; draft-ietf-cellar-codec says what their CodecPrivate is. */
function openVideoReader({ codecId, codecPrivate, defaultDuration }: TrackEntry): VideoReader {
  const frameRate = defaultDuration > 0 ? 1_000_000_000 / defaultDuration : undefined;
  switch (codecId) {
    case 'V_MPEG4/ISO/AVC':
      return new NalVideoReader('avc', codecPrivate);
    case 'V_MPEGH/ISO/HEVC':
      return new NalVideoReader('hevc', codecPrivate);
    case 'V_VP9':
      return new VpVideoReader('vp9', frameRate);
    case 'V_VP8':
      return new VpVideoReader('vp8', frameRate);
    case 'V_AV1':
      return new Av1VideoReader(codecPrivate);
    default:
      throw unsupported(
        `the video codec ${codecId || '(none)'} is not supported: send H.264, VP9, AV1 or VP8`,
      );
  }
}

interface Audio {
  readonly configuration: AudioConfiguration;
  /** Length of a packet at the configuration's sample rate, 0 when unknown. */
  readonly packetSamples: (packet: Uint8Array) => number;
}

function openAudio({ codecId, codecPrivate = new Uint8Array() }: TrackEntry): Audio {
  if (codecId === 'A_OPUS') {
    const configuration = writeOpusConfiguration(codecPrivate);
    return {
      configuration: { ...configuration, sampleRate: OPUS_SAMPLE_RATE },
      packetSamples: opusPacketDuration,
    };
  }
  if (codecId === 'A_AAC') {
    const configuration = readAacConfiguration(codecPrivate);
    return { configuration, packetSamples: () => configuration.samplesPerPacket };
  }
  throw unsupported(`the audio codec ${codecId || '(none)'} is not supported: send Opus or AAC`);
}

function unsupported(message: string): MediaError {
  return new MediaError('codec-unsupported', message);
}
