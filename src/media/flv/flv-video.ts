import { Av1VideoReader } from '../codec/av1-video-reader.ts';
import { checkPictureSize, sameBytes, type VideoConfiguration } from '../codec/configuration.ts';
import { NalVideoReader } from '../codec/nal-video-reader.ts';
import type { VideoReader } from '../codec/video-reader.ts';
import { VpVideoReader } from '../codec/vp-video-reader.ts';
import type { Sample } from '../sample.ts';
import { MILLISECOND_TIMESCALE, type Ticks, ticks } from '../time.ts';
import type { VideoCodec, VideoTrack } from '../track.ts';
import { forwardTime } from './forward-time.ts';
import type { VideoTag } from './video-tag.ts';

/** The video of an FLV stream: its tags' frames as samples, and what they are of. */
export class FlvVideo {
  readonly kind = 'video';
  readonly #maxPixels: number;
  #track: VideoTrack | undefined;
  #codec: VideoCodec | undefined;
  #record: Uint8Array | undefined;
  #reader: VideoReader | undefined;
  #configuration: VideoConfiguration | undefined;
  #started = false;
  #last: Ticks | undefined;

  constructor(maxPixels: number) {
    this.#maxPixels = maxPixels;
  }

  /** Undefined until it is known; another object after it changed. */
  get track(): VideoTrack | undefined {
    return this.#track;
  }

  /** What comes is of that kind. Answers whether that is new. Throws MediaError. */
  configure(codec: VideoCodec, record: Uint8Array): boolean {
    // Encoders repeat it; some send an empty one at their end.
    const isKnown = codec === this.#codec && this.#record && sameBytes(record, this.#record);
    if (isKnown || record.length === 0) return false;
    this.#record = record;
    this.#open(codec, record);
    return true;
  }

  /** The sample of a frame at that time; undefined for one that cannot be decoded. Throws MediaError. */
  read(frame: Extract<VideoTag, { type: 'frame' }>, time: Ticks): Sample | undefined {
    if (frame.codec !== this.#codec) this.#openBare(frame.codec);
    if (!this.#reader || frame.data.length === 0) return undefined;
    const { keyframe, data } = this.#reader.read(frame.data);
    if (keyframe) this.#update();
    if (keyframe && this.#track) this.#started = true;
    if (!this.#started || data.length === 0) return undefined;
    const dts = forwardTime(time, this.#last);
    this.#last = dts;
    return { dts, pts: ticks(dts + frame.compositionOffset), duration: ticks(0), keyframe, data };
  }

  #open(codec: VideoCodec, record: Uint8Array | undefined): void {
    this.#codec = codec;
    this.#reader = openReader(codec, record);
    this.#started = false;
    this.#update();
  }

  /** Without a configuration, which only keyframes of VP8, VP9 and AV1 do without. */
  #openBare(codec: VideoCodec): void {
    this.#record = undefined;
    if (codec === 'vp8' || codec === 'vp9' || codec === 'av1') this.#open(codec, undefined);
    else this.#reader = undefined;
  }

  #update(): void {
    const configuration = this.#reader?.configuration;
    if (!configuration || configuration === this.#configuration) return;
    const { codec, codecString, width, height } = configuration;
    checkPictureSize(width, height, this.#maxPixels);
    this.#configuration = configuration;
    this.#track = {
      ...{ kind: 'video', codec, codecString, width, height, timescale: MILLISECOND_TIMESCALE },
      configuration: configuration.configuration,
    };
  }
}

function openReader(codec: VideoCodec, record: Uint8Array | undefined): VideoReader {
  if (codec === 'vp8' || codec === 'vp9') return new VpVideoReader(codec);
  return codec === 'av1' ? new Av1VideoReader(record) : new NalVideoReader(codec, record);
}
