import type { Gauge, Registry } from 'prom-client';
import type { RtmpCounts } from '../../egress/rtmp/rtmp-egress.ts';
import type { RecordingTotals } from '../../store/recording-store.ts';
import type { TranscodeCounts } from '../../transcode/transcoder.ts';
import type { RecordingFigures } from '../live/recordings.ts';
import type { ViewerTransport } from '../live/viewer-counts.ts';
import { formatHistogram } from './format-histogram.ts';
import type { SyncFigures } from './sync-figures.ts';

/** What players of segments ask for. */
interface DeliveryFigures {
  /** Requests that were answered so far. */
  readonly requests: number;
  /** Requests that wait for what is not there yet. */
  readonly waiting: number;
  /** Bytes of segments that are held for them. */
  readonly heldBytes: number;
}

/** Where the figures come from, read when somebody asks for them. */
export interface MetricSources {
  publishers(): number;
  /** Those of them that came over RTMP. */
  rtmpPublishers(): number;
  /** By transport. */
  viewers(): Readonly<Record<ViewerTransport, number>>;
  liveBroadcasts(): number;
  skipped(): { readonly chunks: number; readonly bytes: number };
  /** Bytes to viewers, framing included. */
  sentBytes(): number;
  /** To players of segments. */
  delivery(): DeliveryFigures;
  /** All recordings that there are. */
  recorded(): Promise<RecordingTotals>;
  recordings(): RecordingFigures;
  transcodes(): TranscodeCounts;
  pushes(): RtmpCounts;
  readonly syncs: SyncFigures;
}

/** In milliseconds. At prom-client's 10 ms the sampling alone would wake an idle server 100 times a second. */
const EVENT_LOOP_SAMPLE = 100;

/**
 * The figures of `/metrics`. No label names a channel or a viewer: their number would have no bound. What is not counted
 * anyway (garbage collection, event loop delay) is measured from the first request on: nobody pays who does not ask.
 */
export class ServerMetrics {
  readonly #sources: MetricSources;
  readonly #refused = new Map<string, number>();
  #broadcasts = 0;
  #receivedBytes = 0;
  #registry: Promise<Registry> | undefined;

  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  /** A broadcast went live. */
  countBroadcast(): void {
    this.#broadcasts += 1;
  }

  /** Media came from a publisher. */
  countReceived(bytes: number): void {
    this.#receivedBytes += bytes;
  }

  /** A WebSocket or an RTMP publisher was not accepted, for the reason of that code: one of ours, never a client's text. */
  countRefused(code: string): void {
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1);
  }

  /** Everything in the Prometheus text format, with its content type. */
  async format(): Promise<{ readonly type: string; readonly text: string }> {
    this.#registry ??= this.#openRegistry();
    const registry = await this.#registry;
    return { type: registry.contentType, text: `${await registry.metrics()}\n${this.#formatSyncs()}` };
  }

  async #openRegistry(): Promise<Registry> {
    const { Counter, collectDefaultMetrics, Gauge, Registry } = await import('prom-client');
    const registry = new Registry();
    const registers = [registry];
    const sources = this.#sources;
    const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          this.set(await read());
        },
      });
    const total = (name: string, help: string, read: () => number) =>
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(read());
        },
      });
    gauge('headwater_publishers', 'Publishers connected', () => sources.publishers());
    gauge('headwater_rtmp_publishers', 'Publishers connected over RTMP', () => sources.rtmpPublishers());
    gauge('headwater_live_broadcasts', 'Broadcasts that are on', () => sources.liveBroadcasts());
    total('headwater_broadcasts_total', 'Broadcasts that went live', () => this.#broadcasts);
    total('headwater_received_bytes_total', 'Media bytes from publishers', () => this.#receivedBytes);
    total('headwater_sent_bytes_total', 'Bytes to viewers', () => sources.sentBytes());
    total(
      'headwater_segment_requests_total',
      'Answered requests for playlists, manifests, segments and parts',
      () => sources.delivery().requests,
    );
    gauge(
      'headwater_waiting_requests',
      'Requests that wait for a playlist or a part',
      () => sources.delivery().waiting,
    );
    gauge('headwater_segments_held_bytes', 'Bytes of segments held', () => sources.delivery().heldBytes);
    total(
      'headwater_skipped_chunks_total',
      'Chunks left out for slow viewers',
      () => sources.skipped().chunks,
    );
    total('headwater_skipped_bytes_total', 'Bytes left out for slow viewers', () => sources.skipped().bytes);
    new Gauge({
      name: 'headwater_viewers',
      help: 'Viewers connected, by transport',
      labelNames: ['transport'],
      registers,
      collect() {
        for (const [transport, count] of Object.entries(sources.viewers())) this.set({ transport }, count);
      },
    });
    const refused = this.#refused;
    new Counter({
      name: 'headwater_refused_total',
      help: 'WebSockets and RTMP publishers that were not accepted, by reason',
      labelNames: ['code'],
      registers,
      collect() {
        this.reset();
        for (const [code, count] of refused) this.inc({ code }, count);
      },
    });
    this.#addRecordings(gauge, total);
    this.#addTranscodes(gauge, total);
    this.#addPushes(Gauge, registers, total);
    total(
      'headwater_sync_failures_total',
      'Files given up because a sync failed',
      () => sources.syncs.failures,
    );
    new Counter({
      name: 'headwater_finalisations_total',
      help: 'Recordings that were to become progressive, by result',
      labelNames: ['result'],
      registers,
      collect() {
        this.reset();
        const results = Object.entries(sources.recordings().finalised.results);
        for (const [result, count] of results) this.inc({ result }, count);
      },
    });
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE });
    return registry;
  }

  #addRecordings(gauge: AddGauge, total: AddTotal): void {
    const { recorded, recordings } = this.#sources;
    gauge('headwater_recordings', 'Recordings', async () => (await recorded()).count);
    gauge(
      'headwater_recordings_bytes',
      'Bytes of all recordings, with originals',
      async () => (await recorded()).bytes,
    );
    gauge(
      'headwater_recordings_seconds',
      'Length of all recordings',
      async () => (await recorded()).duration / 1000,
    );
    gauge(
      'headwater_disk_free_bytes',
      'Bytes that are free on the disk of the recordings',
      () => recordings().diskFree ?? Number.NaN,
    );
    total(
      'headwater_recordings_refused_total',
      'Broadcasts that were not recorded for want of room',
      () => recordings().refused,
    );
    total('headwater_recordings_expired_total', 'Recordings deleted for a quota', () => recordings().deleted);
    total(
      'headwater_finalisation_seconds_total',
      'Time that finalising took',
      () => recordings().finalised.time / 1000,
    );
  }

  #addPushes(PushGauge: typeof Gauge, registers: Registry[], total: AddTotal): void {
    const { pushes } = this.#sources;
    new PushGauge({
      name: 'headwater_pushes',
      help: 'Broadcasts being pushed to destinations, by state',
      labelNames: ['state'],
      registers,
      collect() {
        for (const [state, count] of Object.entries(pushes().pushes)) this.set({ state }, count);
      },
    });
    total('headwater_push_sent_bytes_total', 'Media bytes to destinations', () => pushes().sentBytes);
    total(
      'headwater_push_dropped_groups_total',
      'Groups of pictures left out for slow destinations',
      () => pushes().droppedGroups,
    );
  }

  #addTranscodes(gauge: AddGauge, total: AddTotal): void {
    const { transcodes } = this.#sources;
    gauge('headwater_transcodes', 'Children of ffmpeg that are running', () => transcodes().running);
    total('headwater_transcodes_started_total', 'Children of ffmpeg started', () => transcodes().started);
    total(
      'headwater_transcodes_failed_total',
      'Children of ffmpeg that ended without being told to',
      () => transcodes().failed,
    );
    total(
      'headwater_transcodes_stuck_total',
      'Children of ffmpeg killed because they did not keep up',
      () => transcodes().stuck,
    );
  }

  /** Counted from the start, whenever the library is loaded: so these are not among its own. */
  #formatSyncs(): string {
    const { latency, age } = this.#sources.syncs;
    return [
      formatHistogram('headwater_sync_seconds', 'From the start of a batch until a file is synced', latency),
      formatHistogram(
        'headwater_durable_age_seconds',
        'Age of the oldest byte that a sync made durable',
        age,
      ),
    ].join('\n');
  }
}

/** Adds a figure that goes up and down. */
type AddGauge = (name: string, help: string, read: () => number | Promise<number>) => unknown;
/** Adds one that only grows. */
type AddTotal = (name: string, help: string, read: () => number) => unknown;
