import { Broadcast } from '../../channel/broadcast.ts';
import { DEFAULT_GROUP_BUFFER } from '../../channel/hub.ts';
import type { Rendition, RenditionState } from '../../channel/rendition.ts';
import type { Epoch } from '../../media/chunk.ts';
import { writeChunk } from '../../media/mp4/cmaf-chunk.ts';
import { milliseconds, ticks } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import type { Renditions } from './from-channel.ts';
import { TEST_AUDIO, TEST_VIDEO } from './test-frames.ts';

/** A broadcast that a test feeds: a keyframe every second, frames of 40 ms, packets of 20 ms. */
export class TestBroadcast {
  readonly broadcast = new Broadcast(
    { id: 'b', channel: 'main', title: null, startedAt: milliseconds(0) },
    DEFAULT_GROUP_BUFFER,
  );
  #epoch: Epoch;

  constructor(tracks: readonly Track[] = [TEST_VIDEO.track, TEST_AUDIO.track]) {
    this.#epoch = { index: 0, tracks, init: new Uint8Array(), mime: 'video/mp4' };
    this.broadcast.startEpoch(this.#epoch);
  }

  /** Pictures and sound of that stretch; pictures of that many bytes. */
  play(from: number, to: number, size = 100): void {
    for (let time = from; time < to; time += 20) {
      if (time % 40 === 0) this.#push('video', time, 40, size);
      this.#push('audio', time, 20, 4);
    }
  }

  end(): void {
    this.broadcast.setState('ended');
  }

  #push(kind: Track['kind'], time: number, duration: number, size: number): void {
    const track = this.#epoch.tracks.find((one) => one.kind === kind);
    if (!track) return;
    const at = (value: number) => ticks((value * track.timescale) / 1000);
    const keyframe = kind === 'audio' || time % 1000 === 0;
    const startsGroup = this.#epoch.tracks[0] === track && time % 1000 === 0;
    const trackId = kind === 'video' ? 1 : 2;
    const header = { trackId, sequence: 1, decodeTime: at(time), keyframe, referenceTime: undefined };
    const sample = { duration: at(duration), compositionOffset: ticks(0), data: new Uint8Array(size) };
    this.broadcast.push(this.#epoch, {
      ...{ kind, trackId, timescale: track.timescale, dts: at(time), duration: at(duration), samples: 1 },
      ...{ keyframe, startsGroup, wallClock: milliseconds(0), bytes: writeChunk(header, [sample]) },
    });
  }
}

/** Renditions that are the broadcast itself, under the name of what was asked for. */
export class TestRenditions implements Renditions {
  aacUnavailable: string | undefined;
  h264Unavailable: string | undefined;
  /** What they say of themselves; they give nothing unless they are running. */
  state: RenditionState = 'running';
  words = 'running';
  /** They have no end, as those whose encoder hangs. */
  endless = false;
  /** What was asked for. */
  readonly asked: string[] = [];
  readonly #made = new Map<string, Rendition>();

  readonly aac = (broadcast: Broadcast): Rendition => this.#open('aac', broadcast, TEST_AUDIO.track);
  readonly h264 = (broadcast: Broadcast, when: string): Rendition =>
    this.#open(`h264 ${when}`, broadcast, TEST_VIDEO.track);

  #open(name: string, broadcast: Broadcast, track: Track): Rendition {
    const found = this.#made.get(name);
    if (found) return found;
    this.asked.push(name);
    const isRunning = () => this.state === 'running';
    const about = { state: () => this.state, words: () => this.words };
    const made: Rendition = {
      get state() {
        return about.state();
      },
      get words() {
        return about.words();
      },
      epoch: undefined,
      follow: (tap) =>
        broadcast.tap({
          epoch: (epoch) => tap.epoch({ ...epoch, tracks: [track] }),
          chunk: (chunk) => {
            if (chunk.kind === track.kind && isRunning()) tap.chunk(chunk);
          },
          end: () => {
            if (!this.endless) tap.end();
          },
        }),
    };
    this.#made.set(name, made);
    return made;
  }
}
