import type { Milliseconds } from '../../media/time.ts';
import type { AvailableMediaSource } from '../buffer/media-source-type.ts';
import type { Clock } from '../clock.ts';
import type { FollowChannel } from '../hls/channel-news.ts';
import { HlsJsEngine, type HlsLibrary } from '../hls/hls-js-engine.ts';
import { NativeHlsEngine } from '../hls/native-hls-engine.ts';
import { WallClock } from '../hls/wall-clock.ts';
import type { ChannelUrls } from '../load/channel-urls.ts';
import type { OpenPlaySocket } from '../load/play-socket.ts';
import { HlsSource, type OpenHlsEngine } from './hls-source.ts';
import type { PlaySource, SourceEvents } from './play-source.ts';
import { type RewindEvents, RewindSource } from './rewind-source.ts';
import { WebSocketSource } from './websocket-source.ts';

/** What sources take from their surroundings. */
export interface SourceEnvironment {
  readonly media: HTMLVideoElement;
  readonly urls: ChannelUrls;
  readonly clock: Clock;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
  readonly fetch: typeof fetch;
  readonly openSocket: OpenPlaySocket;
  /** Undefined where the browser has none. */
  readonly mediaSource: AvailableMediaSource | undefined;
  /** Loads hls.js; called when it is needed, and not where there is no MediaSource. */
  readonly loadHls: () => Promise<HlsLibrary>;
  readonly followNews: FollowChannel;
}

const HLS_TYPE = 'application/vnd.apple.mpegurl';

/** Opens the ways for a channel's media to come into a video element, as far as this browser has them. */
export class SourceFactory {
  readonly #environment: SourceEnvironment;

  constructor(environment: SourceEnvironment) {
    this.#environment = environment;
  }

  /** There is something here that plays recorded stretches. */
  get canRewind(): boolean {
    return this.#hlsTransport !== undefined;
  }

  /** The channel's news, without its media. */
  get followNews(): FollowChannel {
    return this.#environment.followNews;
  }

  /** Undefined where there are no Media Source Extensions. */
  openWebSocket(events: SourceEvents): WebSocketSource | undefined {
    const { mediaSource, urls } = this.#environment;
    return (
      mediaSource && new WebSocketSource({ ...this.#environment, mediaSource, url: urls.socket, events })
    );
  }

  /** Undefined where nothing plays HLS. */
  openHls(events: SourceEvents): PlaySource | undefined {
    const transport = this.#hlsTransport;
    if (!transport) return undefined;
    const { urls } = this.#environment;
    const openEngine = this.#engines(true);
    const wallClock = this.#wallClock();
    return new HlsSource({ ...this.#environment, transport, url: urls.hls, openEngine, wallClock, events });
  }

  /** Begins so far before the end. Only where {@link canRewind}. */
  openRewind(behind: Milliseconds, events: RewindEvents): RewindSource {
    const transport = this.#hlsTransport ?? 'hls';
    const { urls } = this.#environment;
    const openEngine = this.#engines(false);
    const wallClock = this.#wallClock();
    return new RewindSource({
      ...this.#environment,
      transport,
      url: urls.dvr,
      behind,
      openEngine,
      wallClock,
      events,
    });
  }

  /** Its own player only where there is no MediaSource: Chromium says "maybe" to every type. */
  get #hlsTransport(): 'hls' | 'native-hls' | undefined {
    const { mediaSource, media } = this.#environment;
    if (mediaSource) return 'hls';
    return media.canPlayType(HLS_TYPE) === '' ? undefined : 'native-hls';
  }

  #engines(lowLatency: boolean): OpenHlsEngine {
    const { media, mediaSource, loadHls } = this.#environment;
    return async (url, events) => {
      if (!mediaSource) return new NativeHlsEngine({ media, url, events });
      if (mediaSource.managed) media.disableRemotePlayback = true;
      return new HlsJsEngine({ library: await loadHls(), media, url, lowLatency, events });
    };
  }

  #wallClock(): WallClock {
    const { urls, clock, fetch } = this.#environment;
    return new WallClock({ url: urls.time, clock, fetch });
  }
}
