import { readAacConfiguration } from '../media/codec/aac.ts';
import { opusPacketDuration } from '../media/codec/opus.ts';
import type { ChunkSample } from '../media/mp4/cmaf-chunk.ts';
import type { Sample } from '../media/sample.ts';
import {
  type Milliseconds,
  milliseconds,
  millisecondsToTicks,
  type Ticks,
  type Timescale,
  ticks,
  ticksToMilliseconds,
  timescale,
} from '../media/time.ts';
import type { AudioTrack } from '../media/track.ts';
import { type AudioFiller, audioFillerOf } from './audio-filler.ts';
import { type CaptureMoment, earlier } from './capture-clock.ts';
import type { ChunkOutput } from './chunk-output.ts';
import type { AudioChunkerState } from './packager-state.ts';
import { LONGEST_CLOSED, type SessionClock, TrackClock } from './session-clock.ts';

/** About what a chunk of audio lasts: whole packets, to the nearest. */
const CHUNK_DURATION = milliseconds(100);
/** Where there is no video to start groups, audio does at about this distance. */
const GROUP_DURATION = milliseconds(1000);
/** Lips are seen to be off from about 40 ms on; the jitter of a browser comes on top of this. */
const LARGEST_DRIFT = milliseconds(25);
/** A longer gap is no hiccup of a microphone: there is nothing to conceal. */
const LONGEST_FILLED = milliseconds(2000);

const NO_FILLER = { data: new Uint8Array(), duration: Number.POSITIVE_INFINITY } as const;

/**
 * Makes chunks of about 100 ms of audio. Time is what the packets last, summed: the container's rounding and jitter
 * never make a gap or an overlap. Only where it is more than a packet beside the container's, the container is
 * followed: forward over a gap, and by dropping what lies wholly in the past. A gap is filled with packets without
 * sound: a hole would stop the picture too in MediaSource players. Opus has shorter ones than a browser's packets of
 * 60 ms, so there the container is followed from 25 ms on. So is the gap in front of an epoch, to the last sample.
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
  #filler: AudioFiller | undefined;
  /** The next packet begins an epoch that goes on with the track. */
  #joins: boolean;
  /** Packets that were added to chunks, and so many of the session's that another packager had written already. */
  #taken = 0;
  #toSkip = 0;

  /**
   * `startsGroups`: the broadcast has no video that would; `end`: where the track ended in the session before, undefined
   * where there was none.
   */
  constructor(
    output: ChunkOutput,
    session: SessionClock,
    track: AudioTrack,
    startsGroups: boolean,
    end: Milliseconds | undefined = undefined,
  ) {
    this.#output = output;
    this.#track = track;
    this.#clock = new TrackClock(session, track.timescale, timescale(track.sampleRate), end);
    this.#joins = end !== undefined;
    this.#samplesPerPacket = samplesPerPacket(track);
    this.#startsGroups = startsGroups;
  }

  /** What {@link restore} goes on from. */
  save(): AudioChunkerState {
    const filler = this.#track.codec === 'opus' ? (this.#filler?.data[0] ?? null) : null;
    const [taken, nextGroup, joins] = [this.#taken, this.#nextGroup, this.#joins];
    return { clock: this.#clock.save(), taken, nextGroup, filler, joins };
  }

  /** Goes on from where another one stood. The packets that it held must be among those to {@link skip}. */
  restore(state: AudioChunkerState): void {
    this.#clock.restore(state.clock);
    this.#taken = state.taken;
    this.#nextGroup = state.nextGroup;
    this.#joins = state.joins ?? false;
    this.#filler =
      state.filler === null ? undefined : audioFillerOf(this.#track, Uint8Array.of(state.filler));
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
    if (!newEpoch) return;
    this.#nextGroup = 0;
    this.#joins = true;
  }

  /** Takes the next packet, which was captured or arrived then. */
  sample(sample: Sample, moment: CaptureMoment): void {
    const duration = this.#durationOf(sample);
    if (duration === 0) return;
    const place = this.#clock.place(sample.dts);
    const drift = place - this.#clock.end;
    if (drift < -duration) return;
    this.#filler ??= audioFillerOf(this.#track, sample.data);
    let stretch = 0;
    if (this.#joins && drift > 0) stretch = this.#join(place, moment);
    else if (drift > this.#tolerance(duration)) this.#bridge(place, moment);
    this.#joins = false;
    this.#add(sample.data, ticks(stretch + duration), earlier(moment, this.#milliseconds(stretch)));
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
    const { data, duration } = filler;
    while (place - this.#clock.end >= duration) this.#add(data, duration, moment);
  }

  /**
   * Fills what is missing in front of an epoch, to the last sample: the first packet without sound is as much longer. Answers how
   * much longer the packet at that place is to be instead, where there are none.
   */
  #join(place: Ticks, moment: CaptureMoment): number {
    const hole = place - this.#clock.end;
    if (hole > millisecondsToTicks(LONGEST_CLOSED, this.#timescale)) {
      this.flush();
      this.#clock.reach(place);
      return 0;
    }
    const { data, duration } = this.#filler ?? NO_FILLER;
    if (hole < duration) return hole;
    const rest = hole % duration;
    for (let longer = rest; this.#clock.end < place; longer = 0) {
      const before = earlier(moment, this.#milliseconds(place - this.#clock.end));
      this.#add(data, ticks(duration + longer), before);
    }
    return 0;
  }

  #milliseconds(duration: number): Milliseconds {
    return ticksToMilliseconds(ticks(duration), this.#timescale);
  }

  /** How far the container may be ahead of what the packets last before it is followed. */
  #tolerance(duration: Ticks): number {
    if (!this.#clock.continuous) return 0;
    if (!this.#filler) return duration;
    return Math.min(duration, millisecondsToTicks(LARGEST_DRIFT, this.#timescale));
  }

  /** In samples, which are the ticks of the timeline's side; 0 for a packet that cannot be decoded. */
  #durationOf(sample: Sample): Ticks {
    return ticks(this.#track.codec === 'opus' ? opusPacketDuration(sample.data) : this.#samplesPerPacket);
  }
}

function samplesPerPacket(track: AudioTrack): number {
  return track.codec === 'aac' ? readAacConfiguration(track.configuration).samplesPerPacket : 0;
}
