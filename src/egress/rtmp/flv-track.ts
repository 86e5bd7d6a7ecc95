import type { Chunk } from '../../media/chunk.ts';
import { readAacConfiguration } from '../../media/codec/aac.ts';
import { writeAudioConfiguration, writeAudioFrameHead } from '../../media/flv/audio-tag.ts';
import { writeVideoConfiguration, writeVideoFrameHead } from '../../media/flv/video-tag.ts';
import { type ReadChunkSample, readChunk } from '../../media/mp4/read-chunk.ts';
import { type Milliseconds, milliseconds, ticks, ticksToMilliseconds } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';

/** One frame of video or packet of audio as RTMP carries it. Shared by all destinations. */
export interface FlvFrame {
  readonly track: FlvTrack;
  /** Decode time on the broadcast's timeline. */
  readonly time: Milliseconds;
  readonly duration: Milliseconds;
  readonly keyframe: boolean;
  /** A group begins with it. */
  readonly startsGroup: boolean;
  /** The body of its FLV tag up to its own bytes. */
  readonly payload: Uint8Array;
  /** These: a view of the chunk that it came in. */
  readonly rest: Uint8Array;
}

const tracks = new WeakMap<Track, FlvTrack>();

/** A track as RTMP carries it: what goes before its frames, and its frames. One for each track: {@link flvTrackOf}. */
export class FlvTrack {
  readonly track: Track;
  /** The body of the FLV tag that goes before its frames. */
  readonly configuration: Uint8Array;
  #chunk: Chunk | undefined;
  #frames: readonly FlvFrame[] = [];

  constructor(track: Track) {
    this.track = track;
    this.configuration =
      track.kind === 'video' ? writeVideoConfiguration(track) : writeAudioConfiguration(track);
  }

  get kind(): Track['kind'] {
    return this.track.kind;
  }

  /** How long a packet of audio of its is, where all are. */
  get packetDuration(): Milliseconds {
    const { track } = this;
    if (track.codec !== 'aac') return milliseconds(20);
    const { samplesPerPacket, sampleRate } = readAacConfiguration(track.configuration);
    return milliseconds((samplesPerPacket / sampleRate) * 1000);
  }

  /** The frames of a chunk: made once for all who ask for them in turn. */
  framesOf(chunk: Chunk): readonly FlvFrame[] {
    if (this.#chunk === chunk) return this.#frames;
    this.#chunk = chunk;
    this.#frames = readChunk(chunk).map((sample, index) => this.#frameOf(chunk, sample, index === 0));
    return this.#frames;
  }

  #frameOf(chunk: Chunk, sample: ReadChunkSample, isFirst: boolean): FlvFrame {
    const { track } = this;
    const at = (value: number) => ticksToMilliseconds(ticks(value), chunk.timescale);
    const time = at(sample.dts);
    // The same rounding for both, so that the sum is right to the millisecond.
    const offset = Math.round(at(sample.dts + sample.compositionOffset)) - Math.round(time);
    return {
      track: this,
      time,
      duration: at(sample.duration),
      keyframe: sample.keyframe,
      startsGroup: isFirst && chunk.startsGroup,
      payload:
        track.kind === 'video'
          ? writeVideoFrameHead(track.codec, sample.keyframe, offset)
          : writeAudioFrameHead(track.codec),
      rest: sample.data,
    };
  }
}

/** The track as RTMP carries it: the same for all who ask. */
export function flvTrackOf(track: Track): FlvTrack {
  let made = tracks.get(track);
  if (!made) {
    made = new FlvTrack(track);
    tracks.set(track, made);
  }
  return made;
}
