import type { Broadcast } from '../channel/broadcast.ts';
import type { Clock } from '../channel/clock.ts';
import type { GroupBufferLimits } from '../channel/group-buffer.ts';
import type { Log } from '../channel/log.ts';
import type { Rendition } from '../channel/rendition.ts';
import { type Milliseconds, milliseconds } from '../media/time.ts';
import { AAC_RECIPE } from './aac-recipe.ts';
import { ffmpegAt } from './ffmpeg-child.ts';
import { H264_RECIPES } from './h264-recipe.ts';
import { type FfmpegInfo, lacking, probeFfmpeg } from './probe-ffmpeg.ts';
import type { Recipe } from './recipe.ts';
import { StandIn } from './stand-in.ts';
import { Transcode, type TranscodeHost } from './transcode.ts';
import type { OpenChild } from './transcode-child.ts';

/** What the configuration says of transcoding. */
export interface TranscodeSettings {
  readonly enabled: boolean;
  /** A path, or a name that is looked for in PATH. */
  readonly ffmpeg: string;
  /** That may run at once. */
  readonly maxChildren: number;
}

/** What a transcoder is made of; how ffmpeg is asked and started is given by tests only. */
export interface TranscoderOptions {
  readonly settings: TranscodeSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** So much of a sound that was made is kept for who follows it later; 24 s by default. */
  readonly kept?: Milliseconds;
  readonly probe?: (path: string) => Promise<FfmpegInfo | undefined>;
  readonly openChild?: OpenChild;
}

/** Since the start of the server. */
export interface TranscodeCounts {
  /** Children that are running now. */
  readonly running: number;
  readonly started: number;
  /** That ended without being told to. */
  readonly failed: number;
  /** That were killed because they did not read, or were too slow. */
  readonly stuck: number;
}

/** What an ffmpeg lacks for what can be asked of a {@link Transcoder}, in words. */
export function lackingForTranscoding(info: FfmpegInfo): string[] {
  return [AAC_RECIPE, H264_RECIPES.always].flatMap((recipe) => lacking(info, recipe) ?? []);
}

const KEPT = milliseconds(24_000);
/** So often is an ffmpeg looked for that was not there, where somebody wants to know; in ms. */
const ASK_AGAIN = 10_000;

/** Why a codec cannot be had on this server, in words for whoever runs it; undefined where it can. */
type Unavailable = string | undefined;

/** Makes the renditions of every broadcast, each once, in children of the system's ffmpeg. */
export class Transcoder {
  readonly #settings: TranscodeSettings;
  readonly #probe: () => Promise<FfmpegInfo | undefined>;
  readonly #host: TranscodeHost;
  readonly #transcodes = new Map<Broadcast, Map<Recipe, Transcode>>();
  /** What stands in for a broadcast, and that broadcast. */
  readonly #sources = new WeakMap<Broadcast, Broadcast>();
  #info: FfmpegInfo | undefined;
  #probing: Promise<void> | undefined;
  #isKnown = false;
  readonly #clock: Clock;
  #askedAt = Number.NEGATIVE_INFINITY;
  #admitted = 0;
  #started = 0;
  #failed = 0;
  #stuck = 0;
  #closed = false;

  constructor({ settings, clock, log, kept = KEPT, probe = probeFfmpeg, openChild }: TranscoderOptions) {
    this.#settings = settings;
    this.#clock = clock;
    this.#probe = () => probe(settings.ffmpeg);
    this.#host = {
      ...{ clock, log, kept, openChild: openChild ?? ffmpegAt(settings.ffmpeg, clock) },
      admit: (recipe) => this.#admit(recipe),
      started: () => {
        this.#started += 1;
      },
      closed: () => {
        this.#admitted -= 1;
      },
      failed: ({ stuck, missing }) => {
        this.#failed += stuck ? 0 : 1;
        this.#stuck += stuck ? 1 : 0;
        // It was removed: the next one asks again.
        if (missing) this.#info = undefined;
      },
    };
  }

  /** What can be told in `/metrics`. */
  get counts(): TranscodeCounts {
    return { running: this.#admitted, started: this.#started, failed: this.#failed, stuck: this.#stuck };
  }

  /** What can be had is known: ffmpeg was asked, or is not to be. */
  get known(): boolean {
    return this.#isKnown || !this.#settings.enabled;
  }

  /** Asks ffmpeg what it can; until then nothing is available. Never throws. */
  async prepare(): Promise<void> {
    if (!this.#settings.enabled || this.#info || this.#closed) return;
    this.#askedAt = this.#clock.now();
    this.#probing ??= this.#probe().then((info) => {
      this.#info = info;
      this.#isKnown = true;
      this.#probing = undefined;
    });
    await this.#probing;
  }

  /** Whether sound of other codecs can be had as AAC, as of the last time that ffmpeg was asked. */
  get aacUnavailable(): Unavailable {
    return this.#unavailable(AAC_RECIPE);
  }

  /** The same of pictures as H.264. */
  get h264Unavailable(): Unavailable {
    return this.#unavailable(H264_RECIPES.always);
  }

  /** Why no other child can be started just now, in words; undefined where one can. */
  get crowded(): Unavailable {
    const { maxChildren } = this.#settings;
    if (this.#admitted < maxChildren) return undefined;
    return `${maxChildren} are running already, and transcode.maxChildren allows no more`;
  }

  /** The broadcast's sound as AAC-LC of at most two channels, as track 2. */
  aac(broadcast: Broadcast): Rendition {
    return this.#open(broadcast, AAC_RECIPE);
  }

  /** Its picture as H.264, as track 1: `as needed` passes on what is H.264, `always` encodes that too. */
  h264(broadcast: Broadcast, when: keyof typeof H264_RECIPES): Rendition {
    return this.#open(broadcast, H264_RECIPES[when]);
  }

  /**
   * A broadcast whose picture is that one's as H.264, for readers: it has the same info, epochs and sound, and ends after it.
   * Renditions of either are the same. `wake` is called whenever it has something new.
   */
  standIn(source: Broadcast, limits: GroupBufferLimits, wake: () => void): Broadcast {
    const { broadcast } = new StandIn({ source, picture: this.h264(source, 'as needed'), limits, wake });
    this.#sources.set(broadcast, source);
    return broadcast;
  }

  /** Ends every child; settles when all are gone, after 2 s at most. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#transcodes.values()].flatMap((recipes) => [...recipes.values()]);
    for (const transcode of all) transcode.close();
    await Promise.all(all.map(({ closed }) => closed));
  }

  #open(shown: Broadcast, recipe: Recipe): Transcode {
    const broadcast = this.#sources.get(shown) ?? shown;
    let recipes = this.#transcodes.get(broadcast);
    if (!recipes) {
      recipes = new Map();
      this.#transcodes.set(broadcast, recipes);
      void this.#forget(broadcast, recipes);
    }
    let transcode = recipes.get(recipe);
    if (!transcode) {
      transcode = new Transcode(broadcast, recipe, this.#host);
      recipes.set(recipe, transcode);
    }
    return transcode;
  }

  async #forget(broadcast: Broadcast, recipes: ReadonlyMap<Recipe, Transcode>): Promise<void> {
    await broadcast.closed;
    await Promise.all([...recipes.values()].map(({ closed }) => closed));
    this.#transcodes.delete(broadcast);
  }

  async #admit(recipe: Recipe): Promise<Unavailable> {
    await this.prepare();
    const closing = this.#closed ? 'the server is being stopped' : undefined;
    const refusal = closing ?? this.#unavailable(recipe) ?? this.crowded;
    if (refusal !== undefined) return refusal;
    this.#admitted += 1;
    return undefined;
  }

  #unavailable(recipe: Recipe): Unavailable {
    const { enabled, ffmpeg } = this.#settings;
    if (!enabled) return 'transcode.enabled is false';
    if (this.#info) return lacking(this.#info, recipe);
    // It may have been installed since, or the machine was too busy for it to answer.
    if (this.#isKnown && this.#clock.now() - this.#askedAt >= ASK_AGAIN) void this.prepare();
    return `there is no ${ffmpeg} that runs: install it, or name it in transcode.ffmpeg`;
  }
}
