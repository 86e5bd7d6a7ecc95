import type { Broadcast } from '../../channel/broadcast.ts';
import type { Clock, Timer } from '../../channel/clock.ts';
import { Listeners } from '../../channel/listeners.ts';
import type { Rendition } from '../../channel/rendition.ts';
import type { Chunk, Epoch } from '../../media/chunk.ts';
import { type Milliseconds, milliseconds, ticks, ticksToMilliseconds } from '../../media/time.ts';
import { RenditionSegments } from '../../package/rendition-segments.ts';
import type { Segment } from '../../package/segment.ts';
import type { FirstNumbers, SegmentTrack } from '../../package/segment-track.ts';
import type { Segmenter } from '../../package/segmenter.ts';
import { DeliveryError } from './delivery-error.ts';
import type { Client, WaitingList } from './waiting-list.ts';

/** Makes the sound of broadcasts into AAC. */
export interface AacRenditions {
  aac(broadcast: Broadcast): Rendition;
  /** Why it cannot be had on this server, in words; undefined where it can. */
  readonly aacUnavailable: string | undefined;
}

/** Where the sound of one broadcast is made into AAC. */
export interface AacSource {
  readonly renditions: AacRenditions;
  readonly broadcast: Broadcast;
}

/** So long after the last request for its playlist the rendition is not followed any more. */
const IDLE = milliseconds(60_000);
/** So long after its broadcast the last of it may come. */
const TAIL = milliseconds(3000);
/** Segments of sound end so close to those of the picture. */
const NEAR = 200;
const AAC_LC = 'mp4a.40.2';

/**
 * The sound of a presentation as AAC: followed from when somebody asks for it, until nobody has for a minute. Then all of it is
 * forgotten, and who asks again is given what comes from then on. Owned by its `Presentation`.
 */
export class AacOnDemand {
  /** Something was added to its open segment, or it is complete. */
  readonly appended = new Listeners<void>();
  readonly #source: AacSource;
  readonly #segmenter: Segmenter;
  readonly #waiting: WaitingList;
  readonly #clock: Clock;
  #rendition: Rendition | undefined;
  #segments: RenditionSegments | undefined;
  #next: FirstNumbers = { segment: 0, part: 0 };
  #taken = false;
  #leave = (): void => {};
  #timer: Timer | undefined;
  #askedAt = 0;
  /** Where the presentation stood when the rendition began. */
  #toReach = 0;
  #firstEpoch = Number.POSITIVE_INFINITY;
  #lastEpoch = Number.POSITIVE_INFINITY;
  #ended = false;

  /** For `Presentation`. */
  constructor(source: AacSource, segmenter: Segmenter, waiting: WaitingList, clock: Clock) {
    this.#source = source;
    this.#segmenter = segmenter;
    this.#waiting = waiting;
    this.#clock = clock;
  }

  /** It can be had, and the presentation's own sound is something else. */
  get offered(): boolean {
    const sound = this.#segmenter.currentEpoch?.tracks.find(({ kind }) => kind === 'audio');
    if (!sound || sound.codecString === AAC_LC || this.#source.renditions.aacUnavailable !== undefined)
      return false;
    return !this.#segmenter.ended || this.track !== undefined;
  }

  /** Undefined while nobody asks for it, and before there is any media. */
  get track(): SegmentTrack | undefined {
    return this.#segments?.track;
  }

  /** Nothing is added any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Somebody asks for the playlist. Throws DeliveryError `media-not-found` and `rendition-unavailable`. */
  #ask(): void {
    if (this.#ended && this.track) return;
    if (!this.#segments && !this.offered) throw notOffered();
    this.#askedAt = this.#clock.now();
    if (!this.#segments) this.#follow();
    this.refuseWhereFailed();
  }

  /** It will not come, as things are: who waits for it need not. */
  get failed(): boolean {
    const state = this.#rendition?.state;
    return !this.#ended && (state === 'failing' || state === 'unavailable');
  }

  /** The same as {@link ready} without waiting, for who can do without: undefined until there is something to list. Never throws. */
  prepare(): SegmentTrack | undefined {
    if (!this.#ended && (this.#segments || this.offered)) {
      this.#askedAt = this.#clock.now();
      if (!this.#segments) this.#follow();
    }
    return this.#caughtUp ? this.track : undefined;
  }

  /** What there is to list of it, as soon as there is; undefined when the client goes away. Throws DeliveryError. */
  async ready(client: Client, longestWait: Milliseconds): Promise<SegmentTrack | undefined> {
    this.#ask();
    const settled = () => this.#caughtUp || this.#ended || this.failed;
    if (!(await this.#waiting.wait(settled, longestWait, client))) return undefined;
    this.refuseWhereFailed();
    if (!this.#begun) throw notOffered();
    return this.track;
  }

  get #begun(): boolean {
    return (this.track?.window.length ?? 0) > 0;
  }

  /** Players that load all playlists begin at the same place in each: so the first of them is not to be behind. */
  get #caughtUp(): boolean {
    return this.#begun && endOf(this.track?.window.last) >= this.#toReach - NEAR;
  }

  /** Throws DeliveryError `rendition-unavailable` where it failed. Why is in the log: whoever asks is a stranger. */
  refuseWhereFailed(): void {
    if (!this.failed) return;
    const message = 'The sound cannot be made into AAC now. Try again in a moment.';
    throw new DeliveryError('rendition-unavailable', message, { 'retry-after': '2' });
  }

  /** For `Presentation`: it has that epoch; what is older is not of it. */
  beginEpoch(index: number): void {
    this.#firstEpoch = Math.min(this.#firstEpoch, index);
  }

  /** For `Presentation`: it ended; the last of the sound may still come. */
  endPresentation(): void {
    if (this.#ended || !this.#segments) return;
    this.#lastEpoch = this.#segmenter.currentEpoch?.index ?? 0;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(TAIL, () => this.#finish());
  }

  /** Ends it as it is; idempotent. */
  close(): void {
    this.#finish();
  }

  #follow(): void {
    const segments = new RenditionSegments(this.#segmenter, this.#next);
    const { renditions, broadcast } = this.#source;
    const rendition = renditions.aac(broadcast);
    this.#segments = segments;
    this.#rendition = rendition;
    this.#taken = false;
    this.#toReach = this.#reached;
    this.#sweep();
    const leaveSound = this.#segmenter.advanced.add(() => {
      if (this.#taken && !this.#ended && segments.missWhereSoundDoes()) this.#waiting.wake();
    });
    const leave = rendition.follow(
      {
        epoch: (epoch) => {
          if (epoch.index > this.#lastEpoch) this.#finish();
          // It may still have some of what came before this presentation.
          this.#taken = !this.#ended && epoch.index >= this.#firstEpoch;
          if (!this.#taken) return;
          segments.epoch(epoch);
          this.appended.emit();
        },
        chunk: (chunk) => {
          if (!this.#taken || this.#ended) return;
          const advanced = segments.chunk(chunk);
          this.appended.emit();
          if (advanced) this.#waiting.wake();
        },
        end: () => this.#finish(),
      },
      (epoch) => heldSound(this.#segmenter, epoch),
    );
    this.#leave = () => {
      leaveSound();
      leave();
    };
  }

  /** Where there is sound to list up to. What is missing of it is told later than the picture is. */
  get #reached(): number {
    const sound = this.#segmenter.track('audio');
    const lead = sound?.window.last?.gap && !sound.open ? sound : (this.#segmenter.track('video') ?? sound);
    return endOf(lead?.window.last);
  }

  /** Looks again and again whether somebody still asks. */
  #sweep(): void {
    const rest = this.#askedAt + IDLE - this.#clock.now();
    if (rest <= 0) this.#release();
    else this.#timer = this.#clock.after(milliseconds(rest), () => this.#sweep());
  }

  #release(): void {
    this.#stop();
    this.#next = this.#segments?.next ?? this.#next;
    this.#segments = undefined;
    this.#rendition = undefined;
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stop();
    this.#segments?.end();
    this.appended.emit();
    this.#waiting.wake();
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#leave();
    this.#leave = () => {};
  }
}

/** All that playlists list of its own sound in that epoch: the hub holds less. */
function heldSound(segmenter: Segmenter, epoch: Epoch): Chunk[] {
  const sound = segmenter.track('audio');
  const segments = [...(sound?.window.listed ?? []), ...(sound?.open ? [sound.open] : [])];
  return segments.filter((segment) => segment.epoch.index === epoch.index).flatMap(({ chunks }) => chunks);
}

const endOf = (segment: Segment | undefined): number =>
  segment ? ticksToMilliseconds(ticks(segment.start + segment.duration), segment.timescale) : 0;

const notOffered = () => new DeliveryError('media-not-found', 'There is no AAC of this.');
