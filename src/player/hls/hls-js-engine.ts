import type Hls from 'hls.js';
import type { ErrorData, FragLoadedData, HlsConfig, LevelUpdatedData } from 'hls.js';
import { readBoxHeader } from '../../media/mp4/box.ts';
import { PRFT_CAPTURED, readProducerReferenceTime } from '../../media/mp4/boxes/producer-reference-time.ts';
import { ByteReader } from '../../media/mp4/byte-reader.ts';
import { bytes, type Milliseconds, milliseconds } from '../../media/time.ts';
import type { ChunkReference } from '../buffer/read-chunks.ts';
import { DelayMeter, type MediaDate } from '../sync/delay-meter.ts';
import type { HlsEngine, HlsEngineEvents, HlsFailure, HlsWindow } from './hls-engine.ts';

/** The library, as it is loaded when it is needed. */
export type HlsLibrary = typeof Hls;

/** What hls.js is made of. */
export interface HlsJsEngineOptions {
  readonly library: HlsLibrary;
  readonly media: HTMLMediaElement;
  readonly url: string;
  /** Keeps to the live edge with parts; else it plays segments from wherever it is told. */
  readonly lowLatency: boolean;
  readonly events: HlsEngineEvents;
}

const BACK_BUFFER = 30;
const FASTEST = 1.08;
/** Seconds behind the end of the playlist: with less hls.js, which loads in bursts, runs dry on a busy machine. */
const HOLD_BACK = 1;
const MAX_MEDIA_RECOVERIES = 3;
const RETRY = { maxNumRetry: 30, retryDelayMs: 500, maxRetryDelayMs: 4000 };
const POLICY = {
  default: {
    maxTimeToFirstByteMs: 20_000,
    maxLoadTimeMs: 30_000,
    timeoutRetry: { maxNumRetry: 3, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: RETRY,
  },
};

/** HLS by hls.js. It is told to give up late: a playlist of an interrupted broadcast is refused until it goes on. */
export class HlsJsEngine implements HlsEngine {
  readonly #options: HlsJsEngineOptions;
  readonly #hls: Hls;
  #targetLatency: Milliseconds | undefined;
  readonly #meter = new DelayMeter();
  #recoveries = 0;
  #complete = false;
  #ready = false;
  #closed = false;

  constructor(options: HlsJsEngineOptions) {
    const { library, lowLatency } = options;
    this.#options = options;
    this.#hls = new library({
      ...CONFIG,
      lowLatencyMode: lowLatency,
      maxLiveSyncPlaybackRate: lowLatency ? FASTEST : 1,
      ...(lowLatency && { liveSyncDuration: HOLD_BACK }),
    });
    const { Events } = library;
    this.#hls.on(Events.LEVEL_UPDATED, (_, data) => this.#updated(data));
    this.#hls.on(Events.FRAG_LOADED, (_, data) => this.#loaded(data));
    this.#hls.on(Events.ERROR, (_, data) => this.#erred(data));
  }

  get playingDate(): MediaDate | undefined {
    if (this.#closed) return undefined;
    const date = this.#meter.dateOf(milliseconds(this.#options.media.currentTime * 1000));
    // Without reference times in the media there are the dates of the playlist, which are smoothed.
    const { playingDate } = date ? { playingDate: null } : this.#hls;
    return date ?? (playingDate ? { at: milliseconds(playingDate.getTime()), from: 'arrival' } : undefined);
  }

  get lateness(): Milliseconds | undefined {
    const { latency, targetLatency } = this.#hls;
    return targetLatency === null || latency === 0
      ? undefined
      : milliseconds((latency - targetLatency) * 1000);
  }

  get window(): HlsWindow | undefined {
    const details = this.#hls.latestLevelDetails;
    if (!details) return undefined;
    const last = details.fragments.at(-1);
    const endDate = last?.programDateTime ? last.programDateTime + last.duration * 1000 : undefined;
    return {
      start: details.fragmentStart,
      end: details.edge,
      endDate: endDate === undefined ? undefined : milliseconds(endDate),
    };
  }

  get targetLatency(): Milliseconds | undefined {
    return this.#targetLatency;
  }
  set targetLatency(latency: Milliseconds | undefined) {
    this.#targetLatency = latency;
    const details = this.#hls.latestLevelDetails;
    if (!details || !this.#options.lowLatency) return;
    const least = Math.max(HOLD_BACK, details.partHoldBack || details.holdBack);
    const wanted = Math.max(least, (latency ?? 0) / 1000);
    if (wanted !== this.#hls.config.liveSyncDuration) this.#hls.targetLatency = wanted;
  }

  open(): void {
    this.#hls.loadSource(this.#options.url);
  }

  take(behind?: Milliseconds): void {
    const { window } = this;
    this.#hls.attachMedia(this.#options.media);
    if (behind !== undefined && window)
      this.#hls.startLoad(Math.max(window.start, window.end - behind / 1000));
  }

  seekToLive(): void {
    const { liveSyncPosition } = this.#hls;
    if (liveSyncPosition !== null) this.#options.media.currentTime = liveSyncPosition;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#hls.destroy();
  }

  #updated({ details }: LevelUpdatedData): void {
    // What is over when it is first seen is nothing to keep to the live edge of.
    if (!this.#ready && (details.live || !this.#options.lowLatency)) {
      this.#ready = true;
      this.targetLatency = this.#targetLatency;
      this.#options.events.ready();
    }
    if (details.live || this.#complete) return;
    this.#complete = true;
    this.#options.events.complete();
  }

  #loaded({ payload, frag, part }: FragLoadedData): void {
    this.#options.events.received(bytes(payload.byteLength));
    if (frag.type !== 'main') return;
    const reference = readFirstReference(new Uint8Array(payload));
    if (!reference) return;
    const mediaTime = milliseconds((frag.start + (part?.fragOffset ?? 0)) * 1000);
    this.#meter.add(mediaTime, { ...reference, mediaTime });
  }

  #erred({ fatal, type, details }: ErrorData): void {
    if (!fatal || this.#closed) return;
    const { ErrorTypes, ErrorDetails } = this.#options.library;
    if (
      details === ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR ||
      details === ErrorDetails.BUFFER_INCOMPATIBLE_CODECS_ERROR ||
      details === ErrorDetails.BUFFER_ADD_CODEC_ERROR
    ) {
      this.#fail('codec');
    } else if (type === ErrorTypes.MEDIA_ERROR && this.#recoveries < MAX_MEDIA_RECOVERIES) {
      this.#recoveries += 1;
      this.#hls.recoverMediaError();
    } else {
      this.#fail(type === ErrorTypes.NETWORK_ERROR ? 'network' : 'media');
    }
  }

  #fail(failure: HlsFailure): void {
    this.close();
    this.#options.events.failed(failure);
  }
}

const CONFIG: Partial<HlsConfig> = {
  // A worker of a blob's would need more of the page's policy, and fragmented MP4 is only passed on.
  enableWorker: false,
  backBufferLength: BACK_BUFFER,
  liveSyncOnStallIncrease: 0.5,
  liveDurationInfinity: true,
  playlistLoadPolicy: POLICY,
  fragLoadPolicy: POLICY,
};

/** The reference time (`prft`) that media begins with: that of its first picture. */
function readFirstReference(media: Uint8Array): Omit<ChunkReference, 'mediaTime'> | undefined {
  if (media.byteLength < 8) return undefined;
  const reader = new ByteReader(media, 'media of a playlist');
  const { type, size, headerSize } = readBoxHeader(reader);
  if (type !== 'prft' || size > media.byteLength) return undefined;
  const { wallClock, flags } = readProducerReferenceTime(
    new ByteReader(reader.take(size - headerSize), type),
  );
  return { wallClock, captured: flags === PRFT_CAPTURED };
}
