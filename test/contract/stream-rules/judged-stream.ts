import { Broadcast } from '../../../src/channel/broadcast.ts';
import { DEFAULT_GROUP_BUFFER } from '../../../src/channel/hub.ts';
import { ManualClock } from '../../../src/channel/manual-clock.ts';
import type { Presentation } from '../../../src/egress/http/presentation.ts';
import { PresentationFeed } from '../../../src/egress/http/presentation-feed.ts';
import { WaitingPlaces } from '../../../src/egress/http/waiting-list.ts';
import { bytes, type Milliseconds, milliseconds } from '../../../src/media/time.ts';
import { type Segment, type SegmentLimits, targetDurationOf } from '../../../src/package/segment.ts';
import type { SegmentTrack } from '../../../src/package/segment-track.ts';
import { type FindSegment, ManifestRules } from './manifest-rules.ts';
import { MediaRules } from './media-rules.ts';
import { checkOtherParsers } from './other-parsers.ts';
import { PlaylistRules } from './playlist-rules.ts';
import { type Origin, PresentationOrigin } from './presentation-origin.ts';
import type { ReadPlaylist } from './read-playlist.ts';
import { ReloadRules } from './reload-rules.ts';
import { type Behaviour, SIMULATION_START, simulatedSteps } from './simulated-stream.ts';

/** How a stream is judged. */
export interface JudgedStreamOptions {
  readonly behaviours: Iterable<Behaviour>;
  readonly seed?: number;
  /** Where its timeline begins; 0 by default. */
  readonly position?: Milliseconds;
  /** How much is listed; 16 s by default. */
  readonly window?: Milliseconds;
  /** Every so many versions of a playlist or a manifest are read by other people's parsers, too. */
  readonly otherParsersEvery: number;
  readonly lie?: Lie;
}

/** Gives something else than there is, to show that it is found out. */
export interface Lie {
  readonly origin?: (origin: Origin) => Origin;
  readonly segment?: (segment: Segment) => Segment;
  readonly held?: (find: FindSegment) => FindSegment;
}

/** What was judged. */
export interface JudgedStream {
  readonly presentations: number;
  readonly playlists: number;
  readonly deltas: number;
  readonly segments: number;
  readonly manifests: number;
  /** By somebody else's parsers. */
  readonly readTwice: number;
}

/** The default settings. */
const LIMITS: SegmentLimits = {
  segment: milliseconds(2000),
  part: milliseconds(200),
  window: milliseconds(16_000),
  maxBytes: bytes(64 * 1024 * 1024),
};

const LOOK_EVERY = 250;
const turn = () => new Promise<void>((done) => setImmediate(done));

/**
 * Sends a simulated stream through a broadcast as players of HLS and DASH are given it, with a clock that goes with it, and
 * applies every rule to every version. Throws BrokenRule.
 */
export async function judgeStream(options: JudgedStreamOptions): Promise<JudgedStream> {
  const { behaviours, seed = 1, position = milliseconds(0), window = LIMITS.window } = options;
  const clock = new ManualClock(SIMULATION_START);
  const counts = { presentations: 0, playlists: 0, deltas: 0, segments: 0, manifests: 0, readTwice: 0 };
  const info = { id: 'b', channel: 'main', title: 'T', startedAt: milliseconds(SIMULATION_START - position) };
  const broadcast = new Broadcast(info, DEFAULT_GROUP_BUFFER, position);
  const judges = new Set<PresentationJudge>();
  const feed = new PresentationFeed(broadcast, {
    clock,
    limits: { ...LIMITS, window },
    places: new WaitingPlaces(100),
    newPresentationId: () => `p${counts.presentations}`,
    onBegun: (presentation) => {
      counts.presentations += 1;
      judges.add(new PresentationJudge(presentation, clock, counts, options));
    },
    onEnded: () => {},
  });
  const sink = {
    epoch: broadcast.startEpoch.bind(broadcast),
    chunk: (chunk: Parameters<typeof feed.chunk>[0]) => {
      if (broadcast.epoch) broadcast.push(broadcast.epoch, chunk);
    },
  };
  const look = async () => {
    for (const judge of judges) {
      await judge.look();
      if (judge.ended) judges.delete(judge);
    }
  };
  let looked = 0;
  for (const now of simulatedSteps(sink, behaviours, { seed, position })) {
    if (now > clock.now()) clock.advance(now - clock.now());
    const due = now - looked >= LOOK_EVERY || [...judges].some(({ advanced }) => advanced);
    if (!due) continue;
    looked = now;
    await look();
  }
  await look();
  broadcast.setState('ended');
  await look();
  return counts;
}

type Counts = { -readonly [Name in keyof JudgedStream]: number };

/** Everything that is said of one presentation. */
class PresentationJudge {
  readonly #presentation: Presentation;
  readonly #clock: ManualClock;
  readonly #counts: Counts;
  readonly #every: number;
  readonly #lie: Lie;
  readonly #origin: Origin;
  readonly #tracks = new Map<SegmentTrack, TrackJudge>();
  readonly #manifests: ManifestRules;
  #manifest = '';
  #advanced = false;
  #ended = false;

  constructor(
    presentation: Presentation,
    clock: ManualClock,
    counts: Counts,
    { otherParsersEvery, lie = {} }: JudgedStreamOptions,
  ) {
    this.#presentation = presentation;
    this.#clock = clock;
    this.#counts = counts;
    this.#every = otherParsersEvery;
    this.#lie = lie;
    const origin = new PresentationOrigin(presentation, clock);
    this.#origin = lie.origin?.(origin) ?? origin;
    const find: FindSegment = (kind, number) =>
      presentation.track(kind === 'video' ? 'video' : 'audio')?.segment(number);
    this.#manifests = new ManifestRules(lie.held?.(find) ?? find);
    presentation.segmenter.advanced.add(() => {
      this.#advanced = true;
    });
  }

  /** Another version of a playlist is there. */
  get advanced(): boolean {
    return this.#advanced;
  }

  /** All was judged. */
  get ended(): boolean {
    return this.#ended;
  }

  async look(): Promise<void> {
    this.#advanced = false;
    const ended = this.#presentation.ended;
    await turn();
    const written: TrackJudge[] = [];
    for (const track of this.#presentation.segmenter.tracks) {
      if (track.window.length === 0) continue;
      const judge = this.#tracks.get(track) ?? this.#newJudge(track);
      this.#tracks.set(track, judge);
      if (await judge.look(this.#every)) written.push(judge);
    }
    this.#checkReports(written);
    if (this.#presentation.playable) this.#checkManifest();
    this.#ended = ended;
  }

  #newJudge(track: SegmentTrack): TrackJudge {
    return new TrackJudge(track, {
      presentation: this.#presentation,
      origin: this.#origin,
      clock: this.#clock,
      counts: this.#counts,
      segment: this.#lie.segment ?? ((segment) => segment),
    });
  }

  /** A playlist tells of the others as they were when it was written. */
  #checkReports(written: readonly TrackJudge[]): void {
    for (const judge of written) {
      for (const other of this.#tracks.values()) {
        if (other !== judge && other.last) judge.playlists.checkReport(`${other.kind}.m3u8`, other.last);
      }
    }
  }

  #checkManifest(): void {
    const text = this.#origin.manifest().body.toString();
    if (text === this.#manifest) return;
    this.#manifest = text;
    const read = this.#manifests.check(text, this.#clock.wall() / 1000);
    this.#counts.manifests += 1;
    if (this.#counts.manifests % this.#every !== 0) return;
    this.#manifests.checkOtherParser(text, read);
    this.#counts.readTwice += 1;
  }
}

/** Where a track is. */
interface TrackSurroundings {
  readonly presentation: Presentation;
  readonly origin: Origin;
  readonly clock: ManualClock;
  readonly counts: Counts;
  readonly segment: (segment: Segment) => Segment;
}

/** One track of a presentation. */
class TrackJudge {
  readonly kind: SegmentTrack['kind'];
  readonly playlists = new PlaylistRules();
  readonly #track: SegmentTrack;
  readonly #around: TrackSurroundings;
  readonly #reloads: ReloadRules;
  readonly #media: MediaRules;
  #version = -1;
  #ended = false;
  #nextSegment = 0;

  constructor(track: SegmentTrack, around: TrackSurroundings) {
    this.kind = track.kind;
    this.#track = track;
    this.#around = around;
    this.#reloads = new ReloadRules(around.origin, track.kind, around.clock);
    this.#media = new MediaRules(track.kind, targetDurationOf(LIMITS) / 1000);
  }

  /** The newest version. */
  get last(): ReadPlaylist | undefined {
    return this.playlists.last;
  }

  /** Answers whether there was another version. */
  async look(every: number): Promise<boolean> {
    const { ended } = this.#around.presentation;
    const isNew = this.#track.version !== this.#version || ended !== this.#ended;
    this.#version = this.#track.version;
    this.#ended = ended;
    if (isNew) await this.#checkVersion(every);
    const { last } = this;
    if (last) await this.#reloads.look(last, turn);
    return isNew;
  }

  async #checkVersion(every: number): Promise<void> {
    const { origin, counts } = this.#around;
    const plain = origin.playlist(this.kind, {});
    await turn();
    const text = plain.body.toString();
    const playlist = this.playlists.check(text);
    counts.playlists += 1;
    this.#checkMedia();
    if (counts.playlists % every !== 0 && !playlist.ended) return;
    checkOtherParsers(text, playlist);
    counts.readTwice += 1;
    if (playlist.ended) return;
    const delta = origin.playlist(this.kind, { _HLS_skip: 'YES' });
    await turn();
    if (this.playlists.checkDelta(delta.body.toString()).skipped > 0) counts.deltas += 1;
  }

  #checkMedia(): void {
    const { presentation, counts, segment } = this.#around;
    const { window } = this.#track;
    for (let next = window.segment(this.#nextSegment); next; next = window.segment(this.#nextSegment)) {
      this.#media.check(segment(next), presentation.init(this.kind, next.epoch.index));
      this.#nextSegment += 1;
      counts.segments += 1;
    }
  }
}
