import type { TrackEnds } from '../channel/broadcast.ts';
import type { ChunkSink, Epoch } from '../media/chunk.ts';
import { sameBytes } from '../media/codec/configuration.ts';
import { MediaError } from '../media/media-error.ts';
import { mimeOf, writeInit } from '../media/mp4/cmaf-header.ts';
import type { Sample, SampleSink } from '../media/sample.ts';
import {
  MILLISECOND_TIMESCALE,
  type Milliseconds,
  type Ticks,
  ticksToMilliseconds,
  timescale,
} from '../media/time.ts';
import type { AudioTrack, Track, VideoTrack } from '../media/track.ts';
import { AudioChunker } from './audio-chunker.ts';
import type { CaptureClock, CaptureMoment } from './capture-clock.ts';
import { ChunkOutput } from './chunk-output.ts';
import { FirstSamples } from './first-samples.ts';
import type { MadeMedia, PackagerState } from './packager-state.ts';
import { SessionClock } from './session-clock.ts';
import { VIDEO_TIMESCALE, VideoChunker } from './video-chunker.ts';

/** How a {@link Packager} is set up. */
export interface PackagerOptions {
  /** Where epochs and chunks go. */
  readonly sink: ChunkSink;
  /** Where on the broadcast's timeline this session begins: 0, or where the one before it ended. */
  readonly startAt: Milliseconds;
  /** Where the tracks of the session before it ended: each goes on from there, without a hole. Nothing by default. */
  readonly ends?: TrackEnds | undefined;
  /** Index of its first epoch: 0, or one more than the last one's. */
  readonly firstEpoch: number;
  readonly captureClock: CaptureClock;
  /** Goes on for a packager that another process had; `startAt`, `ends` and `firstEpoch` are not asked then. */
  readonly resume?: PackagerResume | undefined;
}

/** Where a session is gone on with. */
export interface PackagerResume {
  readonly state: PackagerState;
  /** What follows `state` and was made already: it is left out. */
  readonly made: MadeMedia;
}

/**
 * Makes epochs and chunks of one publisher session's samples: of its first video and its first audio track, on one
 * timeline that only moves forward. Pure: it holds at most one frame and 100 ms of audio, at the start of a session
 * what comes until each track has begun.
 */
export class Packager implements SampleSink {
  readonly #sink: ChunkSink;
  readonly #captureClock: CaptureClock;
  readonly #session: SessionClock;
  readonly #output: ChunkOutput;
  readonly #ends: TrackEnds;
  #nextEpoch: number;
  #epochTracks: readonly Track[] = [];
  /** What is waited for; undefined once the session has its place on the timeline. */
  #first: FirstSamples | undefined;
  #videoAt = -1;
  #audioAt = -1;
  #sources: readonly Track[] = [];
  #video: VideoChunker | undefined;
  #audio: AudioChunker | undefined;
  readonly #resume: PackagerResume | undefined;

  constructor(options: PackagerOptions) {
    const state = options.resume?.state;
    this.#resume = options.resume;
    this.#sink = options.sink;
    this.#captureClock = options.captureClock;
    this.#session = state ? SessionClock.restore(state) : new SessionClock(options.startAt);
    this.#output = new ChunkOutput(options.sink, state?.sequence);
    this.#ends = (state ? (state.ends as TrackEnds | undefined) : options.ends) ?? {};
    this.#nextEpoch = state?.nextEpoch ?? options.firstEpoch;
    this.#first = state ? undefined : new FirstSamples();
  }

  /** Where it stands, for another process to go on from; undefined before the session has its place on the timeline. */
  save(): PackagerState | undefined {
    if (this.#first) return undefined;
    return {
      ...this.#session.save(),
      nextEpoch: this.#nextEpoch,
      sequence: this.#output.sequence,
      ends: this.#ends,
      ...(this.#video && { video: this.#video.save() }),
      ...(this.#audio && { audio: this.#audio.save() }),
    };
  }

  /** Where the timeline stands: what the next session starts at. */
  get position(): Milliseconds {
    return this.#session.position;
  }

  /** The index of the next epoch. */
  get nextEpoch(): number {
    return this.#nextEpoch;
  }

  /** What chunks were made of so far. */
  get made(): MadeMedia {
    const before = this.#resume?.made;
    return {
      frames: Math.max(this.#video?.written ?? 0, before?.frames ?? 0),
      packets: Math.max(this.#audio?.written ?? 0, before?.packets ?? 0),
    };
  }

  /** Starts the first epoch, and another one where what is published has changed. Throws MediaError `no-tracks`. */
  tracks(tracks: readonly Track[]): void {
    const video = tracks.find((track) => track.kind === 'video');
    const audio = tracks.find((track) => track.kind === 'audio');
    const published = [...(video ? [onTimeline(video)] : []), ...(audio ? [onTimeline(audio)] : [])];
    if (published.length === 0) {
      throw new MediaError('no-tracks', 'There is neither video nor audio to publish.');
    }
    const changed = !sameTracks(published, this.#epochTracks);
    this.flush();
    this.#sources = tracks;
    this.#videoAt = video ? tracks.indexOf(video) : -1;
    this.#audioAt = audio ? tracks.indexOf(audio) : -1;
    this.#restart(video, audio, changed);
    if (changed) this.#startEpoch(published);
  }

  /** Takes the next sample of the track at that position. */
  sample(track: number, sample: Sample): void {
    if (track !== this.#videoAt && track !== this.#audioAt) return;
    const clock = this.#captureClock;
    const wallClock = clock.wallClock(this.#sourceTime(track, sample.pts));
    const moment = { wallClock, captured: clock.known };
    if (this.#first) this.#wait(this.#first, track, sample, moment);
    else this.#chunk(track, sample, moment);
  }

  /**
   * All that the publisher sent at once is in: sound that would wait for a piece yet to come goes out now. A picture
   * still waits for its duration, which the next one tells.
   */
  release(): void {
    if (!this.#first) this.#audio?.release();
  }

  /** Writes what is held: at the end of a session, or when nothing has come for long. */
  flush(): void {
    if (this.#first) this.#begin(this.#first);
    this.#video?.flush();
    this.#audio?.flush();
  }

  #restart(video: VideoTrack | undefined, audio: AudioTrack | undefined, newEpoch: boolean): void {
    if (video) {
      if (this.#video) this.#video.restart(video.timescale, newEpoch);
      else this.#video = this.#openVideo(video);
    }
    if (audio) {
      if (this.#audio) this.#audio.restart(audio, !video, newEpoch);
      else this.#audio = this.#openAudio(audio, !video);
    }
  }

  #openVideo(track: VideoTrack): VideoChunker {
    const chunker = new VideoChunker(this.#output, this.#session, track.timescale, this.#ends.video);
    const { state, made } = this.#resume ?? {};
    if (made) chunker.skip(made.frames);
    if (state?.video) chunker.restore(state.video);
    return chunker;
  }

  #openAudio(track: AudioTrack, startsGroups: boolean): AudioChunker {
    const chunker = new AudioChunker(this.#output, this.#session, track, startsGroups, this.#ends.audio);
    const { state, made } = this.#resume ?? {};
    if (made) chunker.skip(made.packets);
    if (state?.audio) chunker.restore(state.audio);
    return chunker;
  }

  #startEpoch(tracks: readonly Track[]): void {
    const startsSession = this.#epochTracks.length === 0 && this.#resume === undefined;
    const index = this.#nextEpoch;
    const epoch: Epoch = { index, tracks, startsSession, init: writeInit(tracks), mime: mimeOf(tracks) };
    this.#epochTracks = tracks;
    this.#nextEpoch += 1;
    this.#sink.epoch(epoch);
  }

  #wait(first: FirstSamples, track: number, sample: Sample, moment: CaptureMoment): void {
    if (track === this.#videoAt && !sample.keyframe && !first.has(track)) return;
    first.add({ track, sample, moment }, this.#sourceTime(track, sample.dts));
    const tracks = (this.#videoAt < 0 ? 0 : 1) + (this.#audioAt < 0 ? 0 : 1);
    if (first.isComplete(tracks)) this.#begin(first);
  }

  /** The session's place on the timeline is known: its earliest sample is where it starts. */
  #begin(first: FirstSamples): void {
    if (first.samples.length === 0) return;
    this.#first = undefined;
    this.#session.start(first.earliest);
    for (const { track, sample, moment } of first.samples) this.#chunk(track, sample, moment);
  }

  #chunk(track: number, sample: Sample, moment: CaptureMoment): void {
    if (track === this.#videoAt) this.#video?.sample(sample, moment);
    else this.#audio?.sample(sample, moment);
  }

  #sourceTime(track: number, time: Ticks): Milliseconds {
    return ticksToMilliseconds(time, this.#sources[track]?.timescale ?? MILLISECOND_TIMESCALE);
  }
}

/** A track as the broadcast has it: on the timeline's timescale. */
function onTimeline(track: Track): Track {
  return { ...track, timescale: track.kind === 'video' ? VIDEO_TIMESCALE : timescale(track.sampleRate) };
}

function sameTracks(a: readonly Track[], b: readonly Track[]): boolean {
  return a.length === b.length && a.every((track, index) => sameTrack(track, b[index]));
}

function sameTrack(a: Track, b: Track | undefined): boolean {
  if (a.codecString !== b?.codecString || !sameBytes(a.configuration, b.configuration)) return false;
  if (a.kind === 'video') return b.kind === 'video' && a.width === b.width && a.height === b.height;
  return b.kind === 'audio' && a.sampleRate === b.sampleRate && a.channels === b.channels;
}
