import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** What the figures that are read only when asked for come from. */
export interface MetricSources {
  publishers(): number;
  /** WebSocket viewers. */
  viewers(): number;
  liveBroadcasts(): number;
  skipped(): { readonly chunks: number; readonly bytes: number };
  /** Bytes to viewers, framing included. */
  sentBytes(): number;
  recordingBytes(): Promise<number>;
}

const EVENT_LOOP_SAMPLE = 100;

/** The figures of `/metrics`. No label names a channel or a viewer: their number would have no bound. */
export class ServerMetrics {
  /** Media bytes from publishers. */
  readonly bytesIn: Counter;
  readonly broadcasts: Counter;
  /** Publishers and viewers that were refused before or after their socket opened, by the reason's code. */
  readonly refused: Counter<'code'>;
  readonly #registry = new Registry();

  constructor() {
    const registers = [this.#registry];
    this.bytesIn = new Counter({
      name: 'headwater_received_bytes_total',
      help: 'Media bytes from publishers',
      registers,
    });
    this.broadcasts = new Counter({
      name: 'headwater_broadcasts_total',
      help: 'Broadcasts that went live',
      registers,
    });
    this.refused = new Counter({
      name: 'headwater_refused_total',
      help: 'Connections that were refused, by reason',
      labelNames: ['code'],
      registers,
    });
    // At its default of 10 ms the sampling of the event loop alone would wake an idle server 100 times a second.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE });
  }

  /** For `content-type`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Adds the figures that are read from elsewhere. Once. */
  watch(sources: MetricSources): void {
    this.#gauge('headwater_publishers', 'Publishers connected', () => sources.publishers());
    this.#gauge('headwater_live_broadcasts', 'Broadcasts that are on', () => sources.liveBroadcasts());
    this.#gauge('headwater_recordings_bytes', 'Bytes of all recordings', () => sources.recordingBytes());
    const registers = [this.#registry];
    new Gauge({
      name: 'headwater_viewers',
      help: 'Viewers connected, by transport',
      labelNames: ['transport'],
      registers,
      collect() {
        this.set({ transport: 'websocket' }, sources.viewers());
      },
    });
    this.#total(
      'headwater_skipped_chunks_total',
      'Chunks left out for slow viewers',
      () => sources.skipped().chunks,
    );
    this.#total(
      'headwater_skipped_bytes_total',
      'Bytes left out for slow viewers',
      () => sources.skipped().bytes,
    );
  }

  /** Everything, in the Prometheus text format. */
  async format(): Promise<string> {
    return await this.#registry.metrics();
  }

  #gauge(name: string, help: string, read: () => number | Promise<number>): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      async collect() {
        this.set(await read());
      },
    });
  }

  #total(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
}
