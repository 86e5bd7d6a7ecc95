import type { Broadcast, BroadcastTap } from '../../channel/broadcast.ts';
import type { Clock } from '../../channel/clock.ts';
import type { Rendition } from '../../channel/rendition.ts';
import type { Epoch } from '../../media/chunk.ts';
import type { Track } from '../../media/track.ts';
import { type FlvFrame, type FlvTrack, flvTrackOf } from './flv-track.ts';
import { Interleaver } from './interleaver.ts';
import type { ServerCapabilities } from './server-capabilities.ts';

/** Where a broadcast's tracks come from in codecs that platforms take. */
export interface Renditions {
  aac(broadcast: Broadcast): Rendition;
  h264(broadcast: Broadcast, when: 'as needed' | 'always'): Rendition;
  /** Why it cannot be had on this server, in words for whoever runs it; undefined where it can. */
  readonly aacUnavailable: string | undefined;
  readonly h264Unavailable: string | undefined;
}

/** Whether the picture is passed on where the server takes it, or always encoded anew. */
export type VideoMode = 'copy' | 'transcode';

const AAC_LC = 'mp4a.40.2';

/**
 * Why tracks cannot be sent to a server that takes what it says, in words; undefined where they can: what it does not
 * take has to be encoded, and that may not be possible here.
 */
export function problemOfTracks(
  tracks: readonly Track[],
  mode: VideoMode,
  capabilities: ServerCapabilities,
  renditions: Renditions,
): string | undefined {
  for (const track of tracks) {
    const { kind, codec } = track;
    const isVideo = kind === 'video';
    const asItIs =
      capabilities.takes(track) && (isVideo ? mode === 'copy' : codec === 'opus' || isPlainAac(track));
    const why = isVideo ? renditions.h264Unavailable : renditions.aacUnavailable;
    if (asItIs || why === undefined) continue;
    return `The ${isVideo ? 'picture' : 'sound'} must be made into ${isVideo ? 'H.264' : 'AAC'}, and cannot be: ${why}.`;
  }
  return undefined;
}

const isPlainAac = (track: Track) =>
  track.kind === 'audio' && track.codecString === AAC_LC && track.channels <= 2;

/** How a broadcast is fed to a destination. */
export interface FeedOptions {
  readonly broadcast: Broadcast;
  readonly clock: Clock;
  readonly renditions: Renditions;
  readonly mode: VideoMode;
  readonly capabilities: ServerCapabilities;
  /** In the order of their times. */
  readonly onFrame: (frame: FlvFrame) => void;
  /** Nothing follows. */
  readonly onEnd: () => void;
}

/** One kind of media that is followed, and where it comes from. */
interface Source {
  readonly kind: Track['kind'];
  readonly rendition: Rendition | undefined;
  track: FlvTrack | undefined;
  ended: boolean;
  leave: () => void;
}

/** A broadcast as FLV frames: its tracks, each as it is or as a rendition, in one order. Idempotent `close`. */
export class BroadcastFeed {
  readonly #options: FeedOptions;
  readonly #interleaver: Interleaver;
  readonly #sources: Source[] = [];
  readonly #leave: () => void;
  #kinds: readonly Track['kind'][] = [];
  #ended = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#interleaver = new Interleaver(options.onFrame);
    this.#leave = options.broadcast.tap({
      epoch: (epoch) => this.#useEpoch(epoch),
      chunk: () => {},
      end: () => this.#endWhenDry(),
    });
  }

  /** The tracks as they are sent, as far as they are known yet. */
  get tracks(): readonly Track[] {
    return this.#sources.flatMap(({ track }) => track?.track ?? []);
  }

  /** What the broadcast has now. */
  get kinds(): readonly Track['kind'][] {
    return this.#kinds;
  }

  /** What is wrong with an encoder that this needs, in words; undefined for nothing. */
  get problem(): string | undefined {
    const bad = this.#sources.find(({ rendition }) => isBad(rendition));
    return bad?.rendition?.words;
  }

  /** Waits for nothing any more: gives out what one track has and the other one has not. */
  flush(): void {
    this.#interleaver.flush();
  }

  close(): void {
    this.#ended = true;
    this.#leave();
    for (const source of this.#sources) source.leave();
  }

  #useEpoch({ tracks }: Epoch): void {
    this.#kinds = tracks.map(({ kind }) => kind);
    this.#interleaver.expect(this.#kinds);
    for (const track of tracks) {
      const rendition = this.#renditionFor(track);
      const index = this.#sources.findIndex(({ kind }) => kind === track.kind);
      const present = this.#sources[index];
      if (present && present.rendition === rendition) continue;
      present?.leave();
      if (present) this.#sources.splice(index, 1);
      this.#follow(track.kind, rendition);
    }
  }

  /** Undefined where the track is sent as it is. */
  #renditionFor(track: Track): Rendition | undefined {
    const { broadcast, renditions, mode, capabilities } = this.#options;
    if (track.kind === 'audio') {
      return track.codec === 'opus' && capabilities.takes(track) ? undefined : renditions.aac(broadcast);
    }
    if (mode === 'transcode') return renditions.h264(broadcast, 'always');
    return capabilities.takes(track) ? undefined : renditions.h264(broadcast, 'as needed');
  }

  #follow(kind: Track['kind'], rendition: Rendition | undefined): void {
    const source: Source = { kind, rendition, track: undefined, ended: false, leave: () => {} };
    this.#sources.push(source);
    const tap: BroadcastTap = {
      epoch: ({ tracks }) => {
        const track = tracks.find((one) => one.kind === kind);
        source.track = track && flvTrackOf(track);
      },
      chunk: (chunk) => {
        if (!source.track || chunk.kind !== kind) return;
        for (const frame of source.track.framesOf(chunk))
          this.#interleaver.push(frame, this.#options.clock.now());
      },
      end: () => {
        source.ended = true;
        this.#endWhenDry();
      },
    };
    source.leave = rendition ? rendition.follow(tap) : this.#options.broadcast.tap(tap);
  }

  /** A rendition goes on for a moment behind its broadcast. */
  #endWhenDry(): void {
    const { broadcast, onEnd } = this.#options;
    const isOver = broadcast.state === 'ended' && this.#sources.every(({ ended }) => ended);
    if (!isOver || this.#ended) return;
    this.#ended = true;
    this.flush();
    onEnd();
  }
}

function isBad(rendition: Rendition | undefined): boolean {
  return rendition?.state === 'unavailable' || rendition?.state === 'failing';
}
