import { readAacConfiguration } from '../media/codec/aac.ts';
import { opusEmptyPacket, opusPacketDuration } from '../media/codec/opus.ts';
import type { ChunkSample } from '../media/mp4/cmaf-chunk.ts';
import type { Sample } from '../media/sample.ts';
import {
  milliseconds,
  millisecondsToTicks,
  type Ticks,
  type Timescale,
  ticks,
  timescale,
} from '../media/time.ts';
import type { AudioTrack } from '../media/track.ts';
import type { CaptureMoment } from './capture-clock.ts';
import type { ChunkOutput } from './chunk-output.ts';
import type { AudioChunkerState } from './packager-state.ts';
import { type SessionClock, TrackClock } from './session-clock.ts';

/** About what a chunk of audio lasts: whole packets, to the nearest. */
const CHUNK_DURATION = milliseconds(100);
/** Where there is no video to start groups, audio does at about this distance. */
const GROUP_DURATION = milliseconds(1000);
/** Lips are seen to be off from about 40 ms on; the jitter of a browser comes on top of this. */
const LARGEST_DRIFT = milliseconds(25);
/** A longer gap is no hiccup of a microphone: there is nothing to conceal. */
const LONGEST_FILLED = milliseconds(2000);

/**
 * Makes chunks of about 100 ms of audio. Time is what the packets last, summed: the container's rounding and jitter
 * never make a gap or an overlap. Only where it is more than a packet beside the container's, the container is
 * followed: forward over a gap, and by dropping what lies wholly in the past. A gap in Opus is filled with empty
 * packets, which decoders conceal: a hole in the sound would stop the picture too in MediaSource players. They are
 * shorter than a browser's packets of 60 ms, so there the container is followed from 25 ms on.
 */
export class AudioChunker {
  readonly #output: ChunkOutput;
  readonly #clock: TrackClock;
  #track: AudioTrack;
  /** Samples in a packet of AAC; Opus packets say it themselves. */
  #samplesPerPacket: number;
  #startsGroups: boolean;
  #nextGroup = 0;
  /** The chunk so far; the list is used again and again. */
  readonly #packets: ChunkSample[] = [];
  #dts = ticks(0);
  #duration = ticks(0);
  #moment: CaptureMoment | undefined;
  /** What a gap is filled with; undefined before the first packet, and where the codec has no such thing. */
  #filler: Uint8Array | undefined;
  /** Packets that were added to chunks, and so many of the session's that another packager had written already. */
  #taken = 0;
  #toSkip = 0;

  /** `startsGroups`: the broadcast has no video that would. */
  constructor(output: ChunkOutput, session: SessionClock, track: AudioTrack, startsGroups: boolean) {
    this.#output = output;
    this.#track = track;
    this.#clock = new TrackClock(session, track.timescale, timescale(track.sampleRate));
    this.#samplesPerPacket = samplesPerPacket(track);
    this.#startsGroups = startsGroups;
  }

  /** What {@link restore} goes on from. */
  save(): AudioChunkerState {
    const filler = this.#filler?.[0] ?? null;
    return { clock: this.#clock.save(), taken: this.#taken, nextGroup: this.#nextGroup, filler };
  }

  /** Goes on from where another one stood. The packets that it held must be among those to {@link skip}. */
  restore(state: AudioChunkerState): void {
    this.#clock.restore(state.clock);
    this.#taken = state.taken;
    this.#nextGroup = state.nextGroup;
    this.#filler = state.filler === null ? undefined : Uint8Array.of(state.filler);
  }

  /** Leaves out the session's first packets, so many: they are written already. */
  skip(packets: number): void {
    this.#toSkip = packets;
  }

  /** Packets of the session that were written so far. */
  get written(): number {
    return this.#taken - this.#packets.length;
  }

  get #timescale(): Timescale {
    return this.#clock.timescale;
  }

  /** The source announced its tracks again; nothing may be held. `newEpoch`: what comes starts an epoch. */
  restart(track: AudioTrack, startsGroups: boolean, newEpoch: boolean): void {
    this.#clock.restart(track.timescale, timescale(track.sampleRate));
    this.#track = track;
    this.#filler = undefined;
    this.#samplesPerPacket = samplesPerPacket(track);
    this.#startsGroups = startsGroups;
    if (newEpoch) this.#nextGroup = 0;
  }

  /** Takes the next packet, which was captured or arrived then. */
  sample(sample: Sample, moment: CaptureMoment): void {
    const duration = this.#durationOf(sample);
    if (duration === 0) return;
    const place = this.#clock.place(sample.dts);
    const drift = place - this.#clock.end;
    if (drift < -duration) return;
    if (drift > this.#tolerance(duration)) this.#bridge(place, moment);
    this.#add(sample.data, duration, moment);
    if (this.#canFill()) this.#filler = opusEmptyPacket(sample.data);
  }

  /** Nothing more came at once: writes what is held where that is half a chunk or more. */
  release(): void {
    if (this.#duration * 2 >= millisecondsToTicks(CHUNK_DURATION, this.#timescale)) this.flush();
  }

  /** Writes the packets that are held. */
  flush(): void {
    const moment = this.#moment;
    if (this.#packets.length === 0 || !moment) return;
    const startsGroup = this.#startsGroups && this.#dts >= this.#nextGroup;
    if (startsGroup) this.#nextGroup = this.#dts + millisecondsToTicks(GROUP_DURATION, this.#timescale);
    this.#output.write(
      {
        kind: 'audio',
        timescale: this.#timescale,
        dts: this.#dts,
        duration: this.#duration,
        keyframe: true,
        startsGroup,
        moment,
      },
      this.#packets,
    );
    this.#packets.length = 0;
    this.#duration = ticks(0);
  }

  #add(data: Uint8Array, duration: Ticks, moment: CaptureMoment): void {
    this.#taken += 1;
    if (this.#taken <= this.#toSkip) {
      this.#clock.reach(ticks(this.#clock.end + duration));
      return;
    }
    if (this.#packets.length === 0) {
      this.#dts = this.#clock.end;
      this.#moment = moment;
    }
    this.#packets.push({ duration, compositionOffset: ticks(0), data });
    this.#duration = ticks(this.#duration + duration);
    this.#clock.reach(ticks(this.#clock.end + duration));
    const full = millisecondsToTicks(CHUNK_DURATION, this.#timescale) - duration / 2;
    if (this.#duration >= full) this.flush();
  }

  /** Goes on at a later place: over empty packets as far as they fit, else over a hole. */
  #bridge(place: Ticks, moment: CaptureMoment): void {
    const filler = this.#clock.continuous ? this.#filler : undefined;
    const gap = place - this.#clock.end;
    if (!filler || gap > millisecondsToTicks(LONGEST_FILLED, this.#timescale)) {
      this.flush();
      this.#clock.reach(place);
      return;
    }
    const duration = ticks(opusPacketDuration(filler));
    while (place - this.#clock.end >= duration) this.#add(filler, duration, moment);
  }

  /** How far the container may be ahead of what the packets last before it is followed. */
  #tolerance(duration: Ticks): number {
    if (!this.#clock.continuous) return 0;
    if (!this.#filler) return duration;
    return Math.min(duration, millisecondsToTicks(LARGEST_DRIFT, this.#timescale));
  }

  /** Mono or stereo Opus (channel mapping family 0): others hold several streams in a packet. */
  #canFill(): boolean {
    return this.#filler === undefined && this.#track.codec === 'opus' && this.#track.configuration[10] === 0;
  }

  /** In samples, which are the ticks of the timeline's side; 0 for a packet that cannot be decoded. */
  #durationOf(sample: Sample): Ticks {
    return ticks(this.#track.codec === 'opus' ? opusPacketDuration(sample.data) : this.#samplesPerPacket);
  }
}

function samplesPerPacket(track: AudioTrack): number {
  return track.codec === 'aac' ? readAacConfiguration(track.configuration).samplesPerPacket : 0;
}
