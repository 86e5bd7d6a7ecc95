import { DEFAULT_DEMUXER_LIMITS, type Demuxer, type DemuxerLimits } from '../demuxer.ts';
import { MediaError } from '../media-error.ts';
import type { Sample, SampleSink } from '../sample.ts';
import type { Ticks } from '../time.ts';
import { Announcer } from '../webm/announcer.ts';
import { readAnnouncedKinds } from './announced-kinds.ts';
import { readAudioTag } from './audio-tag.ts';
import { FlvAudio } from './flv-audio.ts';
import { FlvClock } from './flv-clock.ts';
import { FLV_TAG } from './flv-tag.ts';
import { FlvVideo } from './flv-video.ts';
import { type FlvTag, FlvWalker } from './flv-walker.ts';
import { readVideoTag } from './video-tag.ts';

/** Where there is no video, a stream can be gone on with about this often, in milliseconds. */
const AUDIO_RESTART_INTERVAL = 1000;

/**
 * Demuxes live FLV (Adobe FLV specification 10.1, annex E) with one video and one audio track, also of Enhanced RTMP's
 * codecs: what RTMP publishers send, tag by tag. Decode times go back only where the publisher's clock was set anew.
 */
export class FlvDemuxer implements Demuxer {
  readonly #sink: SampleSink;
  readonly #announcer: Announcer;
  readonly #walker: FlvWalker;
  readonly #clock = new FlvClock();
  readonly #video: FlvVideo;
  readonly #audio = new FlvAudio();
  #expected: ReadonlySet<string> = new Set(['video', 'audio']);
  #begun = false;
  /** Where the first frame of the stream begins: configurations go before it. */
  #header: number | undefined;
  /** All that a frame needs is before {@link #header}. */
  #restartable = true;
  #restartedAt: Ticks | undefined;

  /** Throws nothing; `push` and `end` do. */
  constructor(sink: SampleSink, limits: DemuxerLimits = DEFAULT_DEMUXER_LIMITS) {
    this.#sink = sink;
    this.#announcer = new Announcer(sink);
    this.#walker = new FlvWalker((tag) => this.#readTag(tag), limits.maxElement);
    this.#video = new FlvVideo(limits.maxPixels);
  }

  push(bytes: Uint8Array): void {
    this.#walker.push(bytes);
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

  #readTag(tag: FlvTag): void {
    // An empty one says nothing; some encoders send them.
    if (tag.body.length === 0) return;
    if (tag.type === FLV_TAG.script) {
      if (!this.#begun) this.#expected = readAnnouncedKinds(tag.body) ?? this.#expected;
      return;
    }
    if (!this.#begun) this.#begin();
    if (tag.type === FLV_TAG.video) this.#readVideo(tag);
    else this.#readAudio(tag);
  }

  #begin(): void {
    this.#begun = true;
    this.#announcer.begin([this.#video, this.#audio].filter(({ kind }) => this.#expected.has(kind)));
  }

  #readVideo({ body, timestamp, position }: FlvTag): void {
    const tag = readVideoTag(body);
    if (tag.type === 'configuration') this.#configured(this.#video.configure(tag.codec, tag.record));
    if (tag.type !== 'frame') return;
    const time = this.#frameTime(timestamp, position);
    if (tag.keyframe) this.#offerRestart(position, time);
    this.#emit(this.#video, this.#video.read(tag, time));
  }

  #readAudio({ body, timestamp, position }: FlvTag): void {
    const tag = readAudioTag(body);
    if (tag.type === 'configuration') this.#configured(this.#audio.configure(tag.codec, tag.record));
    if (tag.type !== 'frame') return;
    const time = this.#frameTime(timestamp, position);
    const isDue = time - (this.#restartedAt ?? -Infinity) >= AUDIO_RESTART_INTERVAL;
    if (!this.#video.track && isDue) this.#offerRestart(position, time);
    this.#emit(this.#audio, this.#audio.read(tag, time));
  }

  #frameTime(timestamp: number, position: number): Ticks {
    this.#header ??= position;
    return this.#clock.read(timestamp);
  }

  #configured(isNew: boolean): void {
    if (isNew && this.#header !== undefined) this.#restartable = false;
  }

  #offerRestart(offset: number, time: Ticks): void {
    const isPlain = this.#restartable && !this.#clock.wrapped && !this.#announcer.waiting;
    if (!isPlain || this.#header === undefined) return;
    this.#restartedAt = time;
    this.#sink.restartPoint?.({ header: this.#header, offset });
  }

  #emit(source: FlvVideo | FlvAudio, sample: Sample | undefined): void {
    if (sample && source.track) this.#announcer.sample(source, source.track, sample);
  }
}
