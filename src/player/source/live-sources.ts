import type { Milliseconds } from '../../media/time.ts';
import type { Clock } from '../clock.ts';
import { FallbackPolicy } from './fallback-policy.ts';
import type { PlaySource, SourceEvents } from './play-source.ts';
import type { WebSocketSource } from './websocket-source.ts';

/** Which ways may be gone: `auto` is the WebSocket, and HLS where that fails. */
export type TransportChoice = 'auto' | 'websocket' | 'hls';

/** What the live ways are made of; undefined for what this browser has not. */
export interface LiveSourcesOptions {
  readonly clock: Clock;
  readonly choice: TransportChoice;
  openWebSocket(events: SourceEvents): WebSocketSource | undefined;
  openHls(events: SourceEvents): PlaySource | undefined;
  readonly events: SourceEvents;
}

/**
 * The live ways of a channel, one of which has the video element: the WebSocket, and HLS while that does not come
 * about or does not last. While HLS plays the WebSocket is tried in the background.
 */
export class LiveSources {
  readonly #options: LiveSourcesOptions;
  readonly #policy: FallbackPolicy | undefined;
  readonly #webSocket: WebSocketSource | undefined;
  readonly #ways = new Set<'websocket' | 'hls'>();
  #hls: PlaySource | undefined;
  #current: PlaySource | undefined;
  #targetLatency: Milliseconds | undefined;
  #switches = 0;

  constructor(options: LiveSourcesOptions) {
    this.#options = options;
    const { choice, clock } = options;
    if (choice !== 'hls') this.#webSocket = options.openWebSocket(this.#webSocketEvents());
    if (choice === 'auto' && this.#webSocket) {
      this.#policy = new FallbackPolicy(clock, {
        fallBack: () => this.#fallBack(),
        climb: () => this.#climb(),
      });
    }
  }

  /** The one that has the video element. */
  get current(): PlaySource | undefined {
    return this.#current;
  }

  /** How often another way took the element. */
  get switches(): number {
    return this.#switches;
  }

  set targetLatency(latency: Milliseconds | undefined) {
    this.#targetLatency = latency;
    for (const source of [this.#webSocket, this.#hls]) if (source) source.targetLatency = latency;
  }

  /** Begins to connect. False where this browser has no way at all. */
  start(): boolean {
    if (!this.#webSocket && !(this.#options.choice !== 'websocket' && this.#openHls())) return false;
    const first = this.#webSocket ?? this.#hls;
    first?.take();
    this.#current = first;
    this.#policy?.start();
    first?.start();
    return true;
  }

  /** A picture is on the screen, or is not any more. */
  set pictured(pictured: boolean) {
    if (!this.#policy || !this.#webSocket) return;
    const otherPlays = pictured && this.#current !== this.#webSocket;
    this.#policy.otherPlays = otherPlays;
    this.#webSocket.patient = otherPlays;
  }

  /** The network came back, or somebody looks again. */
  hurry(): void {
    this.#webSocket?.hurry();
    this.#hls?.hurry();
  }

  /** Lets go of everything; idempotent. */
  close(): void {
    this.#policy?.close();
    this.#webSocket?.close();
    this.#hls?.close();
    this.#hls = undefined;
    this.#current = undefined;
  }

  #openHls(): PlaySource | undefined {
    this.#hls ??= this.#options.openHls(this.#hlsEvents());
    if (this.#hls) this.#hls.targetLatency = this.#targetLatency;
    return this.#hls;
  }

  #webSocketEvents(): SourceEvents {
    const { events } = this.#options;
    return {
      ...events,
      reached: () => {
        this.#policy?.reached();
        this.#heard('websocket');
      },
      lost: () => {
        this.#policy?.lost();
        this.#missed('websocket');
      },
      ready: () => this.#policy?.ready(),
      // While another way plays, what is wrong with this one is no matter.
      failed: (problem) => {
        if (this.#current === this.#webSocket || problem.code === 'not-found') events.failed(problem);
      },
      mediaChanged: () => {
        if (this.#current === this.#webSocket) events.mediaChanged();
      },
    };
  }

  #hlsEvents(): SourceEvents {
    const { events } = this.#options;
    return {
      ...events,
      reached: () => this.#heard('hls'),
      lost: () => this.#missed('hls'),
      ready: () => this.#hlsReady(),
    };
  }

  #heard(way: 'websocket' | 'hls'): void {
    this.#ways.add(way);
    this.#options.events.reached();
  }

  #missed(way: 'websocket' | 'hls'): void {
    this.#ways.delete(way);
    if (this.#ways.size === 0) this.#options.events.lost();
  }

  #fallBack(): void {
    this.#openHls()?.start();
  }

  #hlsReady(): void {
    if (!this.#hls || this.#current === this.#hls) return;
    this.#options.events.leaving();
    this.#webSocket?.release();
    this.#switchTo(this.#hls);
  }

  #climb(): void {
    const webSocket = this.#webSocket;
    if (!webSocket) return;
    webSocket.patient = false;
    if (this.#current !== webSocket) {
      this.#options.events.leaving();
      this.#hls?.release();
      this.#switchTo(webSocket);
    }
    this.#hls?.close();
    this.#hls = undefined;
    this.#ways.delete('hls');
  }

  #switchTo(source: PlaySource): void {
    this.#switches += 1;
    this.#current = source;
    source.take();
    this.#options.events.changed();
  }
}
