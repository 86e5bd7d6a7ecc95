import { MESSAGE } from '../../media/rtmp/message.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import type { FlvFrame, FlvTrack } from './flv-track.ts';
import { LastGroup, type RepeatedGroup } from './last-group.ts';
import { SILENT_TRACK, type Silence, silenceOf } from './silence.ts';

/** A message of a published stream, timed from its start. */
export interface TimedMessage {
  /** `MESSAGE.audio` or `MESSAGE.video`. */
  readonly type: number;
  /** Milliseconds. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
  /** What follows it in the message. */
  readonly rest?: Uint8Array | undefined;
  /** Playing can start here, when what came before is left out. */
  readonly startsGroup: boolean;
  /** What frames are decoded with: it is never left out. */
  readonly isConfiguration: boolean;
}

/** How far the stream may run ahead of the clock: more is media that was kept through a cut, and old by now. */
const MAX_LEAD = 3000;
/** It goes on with what is live once it is ahead by no more than this. */
const LITTLE_LEAD = 250;
/** What the hub still held when the stream began comes in this time, and may be that much. */
const SETTLING = 1000;
const MAX_HEAD_START = 10_000;
const MOST_SOUND_BEHIND = 1000;
/** What is filled at once: after a machine slept, the stream has a hole instead. */
const MOST_FILLED = 10_000;

/** Where a published stream began, on the clock. */
interface Origin {
  readonly at: number;
  /** That much of its media was there already. */
  headStart: number;
}

/** What stands in place of media. */
interface Filling {
  readonly group: RepeatedGroup | undefined;
  readonly silence: Silence | undefined;
  /** Where the group begins on the stream, this time, and which of its pictures is next. */
  begin: number;
  next: number;
}

const BOTH: readonly Track['kind'][] = ['video', 'audio'];

/**
 * Puts frames of a broadcast on the timeline of one published stream: from 0, without a jump, whatever becomes of the
 * publisher. Where its media is missing, the last group of pictures is repeated in silence at the pace of the clock; where
 * it has no sound, silence is put beside its pictures. Pure: it is told what time it is.
 */
export class Splicer {
  readonly #output: (message: TimedMessage) => void;
  readonly #sent = new Map<Track['kind'], FlvTrack>();
  readonly #lastTimestamps = new Map<Track['kind'], number>();
  #origin: Origin | undefined;
  #state: 'waiting' | 'running' | Filling = 'waiting';
  readonly #lastGroup = new LastGroup();
  #sound: FlvTrack | undefined;
  #lastMediaAt: number | undefined;
  /** Time on the stream less time of the broadcast. */
  #offset = 0;
  /** On the broadcast's timeline: what lies before it is left out. */
  #from = 0;
  /** Where the stream stands. */
  #position = 0;
  /** And its sound. */
  #soundEnd = 0;
  #skippedGroups = 0;

  constructor(output: (message: TimedMessage) => void) {
    this.#output = output;
  }

  /** The last group is being repeated, for want of media. */
  get holding(): boolean {
    return typeof this.#state === 'object';
  }

  /** Groups that were left out because they came too late to be live. */
  get skippedGroups(): number {
    return this.#skippedGroups;
  }

  /** How long no media has come; 0 before any. */
  idle(now: Milliseconds): Milliseconds {
    return milliseconds(this.#lastMediaAt === undefined ? 0 : now - this.#lastMediaAt);
  }

  /** The stream was lost. The next one begins at 0, with what comes next or with what is known. */
  restart(): void {
    this.#state = 'waiting';
    this.#origin = undefined;
    this.#position = 0;
    this.#soundEnd = 0;
    this.#sent.clear();
    this.#lastTimestamps.clear();
  }

  /** Takes a frame that cannot be sent: it may be what is repeated. */
  remember(frame: FlvFrame, now: Milliseconds): void {
    this.#lastMediaAt = now;
    if (frame.track.kind === 'audio') this.#sound = frame.track;
    else this.#lastGroup.add(frame);
  }

  /** Takes the next frame of the broadcast, which has these kinds of media now. */
  take(frame: FlvFrame, now: Milliseconds, kinds = BOTH): void {
    this.remember(frame, now);
    if (frame.startsGroup) this.#beginGroup(frame, now);
    const time = frame.time + this.#offset;
    if (frame.time < this.#from || !(this.#state === 'running' || this.#isLateSound(frame, time))) return;
    this.#settle(time, now);
    const end = time + frame.duration;
    if (frame.track.kind === 'audio') this.#soundEnd = Math.max(this.#soundEnd, end);
    else if (!kinds.includes('audio')) this.#fillMissingSound(time);
    this.#send(frame.track, time, frame, frame.startsGroup);
    this.#position = Math.max(this.#position, end);
  }

  #fillMissingSound(end: number): void {
    if (end - this.#soundEnd > MOST_FILLED) this.#soundEnd = this.#position;
    this.#fillSound(this.#silence(), end);
  }

  /** Of pictures that went out before groups were left out: its encoder was slow with what came at once. */
  #isLateSound({ track, duration }: FlvFrame, time: number): boolean {
    return this.#state === 'waiting' && track.kind === 'audio' && time + duration <= this.#position;
  }

  /** No media has come for long: fills up to now. To be called again and again, until media comes back. */
  hold(now: Milliseconds, kinds: readonly Track['kind'][]): void {
    const filling = typeof this.#state === 'object' ? this.#state : this.#beginFilling(kinds);
    if (!filling) return;
    this.#state = filling;
    this.#fill(filling, now);
  }

  #fill(filling: Filling, now: Milliseconds): void {
    const end = this.#position + Math.min(MOST_FILLED, elapsed(this.#begin(now), now) - this.#position);
    this.#fillPictures(filling, end);
    this.#fillSound(filling.silence, end);
    this.#position = Math.max(this.#position, end, this.#soundEnd);
    this.#keepPace(now);
  }

  /** Undefined where nothing is known that could be repeated. */
  #beginFilling(kinds: readonly Track['kind'][]): Filling | undefined {
    const hasPicture = kinds.includes('video');
    const group = hasPicture ? this.#lastGroup.repeated : undefined;
    if (!group && (hasPicture || !this.#sound)) return undefined;
    // Sound that is a little behind goes on where it ended.
    if (this.#position - this.#soundEnd > MOST_SOUND_BEHIND) this.#soundEnd = this.#position;
    return { group, silence: this.#silence(), begin: this.#position, next: 0 };
  }

  #fillPictures(filling: Filling, end: number): void {
    const { pictures = [], period = 0 } = filling.group ?? {};
    const start = pictures[0]?.time ?? 0;
    for (;;) {
      const picture = pictures[filling.next];
      const time = filling.begin + (picture?.time ?? 0) - start;
      if (!picture || time > end) return;
      this.#fillSound(filling.silence, time);
      this.#send(picture.track, time, picture, filling.next === 0);
      filling.next += 1;
      if (filling.next < pictures.length) continue;
      filling.next = 0;
      filling.begin += period;
    }
  }

  /** As the last sound was, so that decoders need not start anew. */
  #silence(): Silence | undefined {
    return silenceOf(this.#sound ?? SILENT_TRACK);
  }

  #fillSound(silence: Silence | undefined, end: number): void {
    if (!silence) return;
    for (; this.#soundEnd < end; this.#soundEnd += silence.duration) {
      this.#send(silence.track, this.#soundEnd, silence, false);
    }
  }

  /** After a long sleep the clock is far ahead: the stream is not to run after it. */
  #keepPace(now: Milliseconds): void {
    const origin = this.#begin(now);
    origin.headStart -= Math.max(0, elapsed(origin, now) - this.#position);
  }

  #beginGroup(frame: FlvFrame, now: Milliseconds): void {
    const running = this.#state === 'running';
    const start = running ? frame.time + this.#offset : this.#position;
    if (this.#isAhead(start, running ? MAX_LEAD : LITTLE_LEAD, now)) {
      this.#skippedGroups += 1;
      if (running) this.#state = 'waiting';
      return;
    }
    if (running) return;
    this.#begin(now);
    if (typeof this.#state === 'object') this.#fill(this.#state, now);
    this.#state = 'running';
    this.#offset = this.#position - frame.time;
    this.#from = frame.time;
  }

  #isAhead(time: number, lead: number, now: Milliseconds): boolean {
    const origin = this.#origin;
    if (!origin) return false;
    const settles = now - origin.at < SETTLING && time < MAX_HEAD_START;
    return !settles && time - elapsed(origin, now) > lead;
  }

  #begin(now: Milliseconds): Origin {
    this.#origin ??= { at: now, headStart: 0 };
    return this.#origin;
  }

  /** What the hub held when the stream began is no lead. */
  #settle(time: number, now: Milliseconds): void {
    const origin = this.#origin;
    if (!origin || now - origin.at >= SETTLING) return;
    origin.headStart = Math.min(MAX_HEAD_START, Math.max(origin.headStart, time - (now - origin.at)));
  }

  #send(
    track: FlvTrack,
    time: number,
    body: Pick<TimedMessage, 'payload' | 'rest'>,
    startsGroup: boolean,
  ): void {
    const { kind } = track;
    const type = kind === 'video' ? MESSAGE.video : MESSAGE.audio;
    const timestamp = Math.max(Math.round(time), this.#lastTimestamps.get(kind) ?? 0);
    this.#lastTimestamps.set(kind, timestamp);
    if (this.#sent.get(kind) !== track) {
      this.#sent.set(kind, track);
      const configuration = track.configuration;
      this.#output({ type, timestamp, payload: configuration, startsGroup: false, isConfiguration: true });
    }
    const { payload, rest } = body;
    this.#output({ type, timestamp, payload, rest, startsGroup, isConfiguration: false });
  }
}

/** Where a stream is to stand by the clock. */
function elapsed({ at, headStart }: Origin, now: number): number {
  return now - at + headStart;
}
