import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { WebSocketServer } from 'ws';
import type { Channel, ChannelSettings } from '../../src/channel/channel.ts';
import { Hub } from '../../src/channel/hub.ts';
import type { Log } from '../../src/channel/log.ts';
import { ManualClock } from '../../src/channel/manual-clock.ts';
import type { SyncBatch } from '../../src/disk/sync-batch.ts';
import { type BroadcastRecording, recordBroadcast } from '../../src/egress/recording/from-channel.ts';
import type { RecordingCatalog, RecordingExtent } from '../../src/egress/recording/recording-catalog.ts';
import type { BroadcastRecordingState } from '../../src/egress/recording/recording-state.ts';
import { PlayEgress } from '../../src/egress/websocket/play-egress.ts';
import type { ViewerLimits } from '../../src/egress/websocket/viewer.ts';
import { RtmpIngest } from '../../src/ingest/rtmp/rtmp-ingest.ts';
import { parseStreamName } from '../../src/ingest/rtmp/stream-name.ts';
import { PublishError } from '../../src/ingest/session/publish-error.ts';
import { DEFAULT_PUBLISH_LIMITS, type PublishLimits } from '../../src/ingest/session/publish-limits.ts';
import { PublishSessions } from '../../src/ingest/session/publish-sessions.ts';
import type {
  RemakeRequest,
  RestoredBroadcast,
  SessionArchive,
} from '../../src/ingest/session/session-archive.ts';
import type { SessionRecord } from '../../src/ingest/session/session-record.ts';
import { PublishIngest } from '../../src/ingest/websocket/publish-ingest.ts';
import { milliseconds } from '../../src/media/time.ts';
import { PLAY_PROTOCOL } from '../../src/wire/play.ts';
import { PUBLISH_PROTOCOL } from '../../src/wire/publish.ts';

/** The stream key of every channel of a {@link TestServer}. */
export const STREAM_KEY = 'canary-stream-key';

/** What a test wants otherwise. */
export interface TestServerOptions {
  readonly publishLimits?: Partial<PublishLimits>;
  readonly viewerLimits?: ViewerLimits;
  readonly mergeWindow?: number;
  readonly record?: boolean;
  readonly grace?: number;
  /** Makes journals durable. */
  readonly sync?: SyncBatch;
  readonly clock?: ManualClock;
  /** Milliseconds. */
  readonly maxDuration?: number;
  /** Goes on with what is in that folder, which becomes its own. */
  readonly folder?: string;
  /** Why publishers of a codec are refused; undefined for those who are not. */
  readonly refusalOf?: (codec: string) => string | undefined;
}

/** What the catalog was told, in order: `created r1`, `completed r1`. */
class TestCatalog implements RecordingCatalog {
  readonly told: string[] = [];
  readonly extents = new Map<string, RecordingExtent>();

  async created({ id }: { id: string }): Promise<void> {
    this.told.push(`created ${id}`);
  }

  async progressed(id: string): Promise<void> {
    this.told.push(`progressed ${id}`);
  }

  async completed(id: string, extent: RecordingExtent): Promise<void> {
    this.extents.set(id, extent);
    this.told.push(`completed ${id}`);
  }

  async damaged(id: string, _extent: object, reason: string): Promise<void> {
    this.told.push(`damaged ${id} ${reason}`);
  }
}

/** Knows how far recordings came, and keeps nothing else. */
class TestArchive implements SessionArchive {
  readonly remade: RemakeRequest[] = [];
  readonly adopted: string[] = [];
  readonly #expected = new Map<string, BroadcastRecordingState>();
  readonly #recordings: string;

  constructor(recordings: string) {
    this.#recordings = recordings;
  }

  async expect({ id, how, recording }: RestoredBroadcast): Promise<void> {
    if (how === 'begin') rmSync(this.#recordings, { recursive: true, force: true });
    if (recording !== null) this.#expected.set(id, recording as BroadcastRecordingState);
  }

  async adopt(_session: SessionRecord, path: string): Promise<boolean> {
    this.adopted.push(path);
    return false;
  }

  async remake(request: RemakeRequest): Promise<readonly string[]> {
    this.remade.push(request);
    return [];
  }

  stateOf(broadcast: string): BroadcastRecordingState | undefined {
    return this.#expected.get(broadcast);
  }
}

/** A file that is being replaced may be gone by the time that it is copied. */
function copyIfThere(path: string, place: string): void {
  try {
    mkdirSync(dirname(place), { recursive: true });
    copyFileSync(path, place);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

/**
 * Every ingest and egress of the project around one hub, on a free port and in a folder of its own. Its time stands
 * still until a test moves it; its sockets and files are real.
 */
export class TestServer {
  readonly clock: ManualClock;
  readonly folder: string;
  readonly journals: string;
  readonly catalog = new TestCatalog();
  readonly archive: TestArchive;
  readonly errors: unknown[] = [];
  readonly hub: Hub;
  readonly sessions: PublishSessions;
  readonly ingest: PublishIngest;
  readonly rtmp: RtmpIngest;
  /** Why RTMP connections were not taken. */
  readonly refused: string[] = [];
  readonly egress: PlayEgress;
  readonly recordings: BroadcastRecording[] = [];
  /** The connections below the viewers' sockets, in the order of coming. */
  readonly viewerConnections: Socket[] = [];
  readonly #http: Server = createServer();
  readonly #tcp: TcpServer = createTcpServer((socket) => this.rtmp.accept(socket));
  readonly #byBroadcast = new Map<string, BroadcastRecording>();
  readonly #settings: ChannelSettings;
  #made = 0;

  private constructor(options: TestServerOptions) {
    const clock = options.clock ?? new ManualClock();
    this.clock = clock;
    this.folder = options.folder ?? mkdtempSync(join(tmpdir(), 'headwater-contract-'));
    this.journals = join(this.folder, 'journal');
    this.archive = new TestArchive(join(this.folder, 'recordings'));
    const { grace = 30_000, maxDuration } = options;
    this.#settings = {
      reconnectGrace: milliseconds(grace),
      maxDuration: maxDuration === undefined ? undefined : milliseconds(maxDuration),
    };
    this.hub = new Hub({ clock, newBroadcastId: () => `b${++this.#made}` });
    if (options.record ?? true) this.#record();
    const log = { ...silentLog, error: (fields: object) => this.errors.push(fields) };
    this.sessions = new PublishSessions({
      clock,
      log,
      limits: { ...DEFAULT_PUBLISH_LIMITS, ...options.publishLimits },
      journalFolder: this.journals,
      recordingOf: ({ info }) => this.#byBroadcast.get(info.id),
      archive: this.archive,
      sync: options.sync,
      refusalOf: (_channel, tracks) => tracks.map(({ codec }) => options.refusalOf?.(codec)).find(Boolean),
    });
    this.ingest = new PublishIngest(this.sessions);
    this.rtmp = new RtmpIngest({
      sessions: this.sessions,
      admit: async (streamName) => {
        const { channel = 'main', key, takeover = false } = parseStreamName(streamName) ?? {};
        if (key !== STREAM_KEY) throw new PublishError('unauthorized', 'The stream key is missing or wrong.');
        return { channel: this.channel(channel), takeover };
      },
      onRefused: ({ code }) => this.refused.push(code),
    });
    this.egress = new PlayEgress({
      clock,
      ...(options.viewerLimits && { limits: options.viewerLimits }),
      mergeWindow: milliseconds(options.mergeWindow ?? 0),
    });
    this.#upgrade();
  }

  /** Starts one; `await using` ends it. */
  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const server = new TestServer(options);
    await server.sessions.restore(async (name) => server.channel(name));
    await new Promise<void>((settle) => server.#http.listen(0, '127.0.0.1', settle));
    await new Promise<void>((settle) => server.#tcp.listen(0, '127.0.0.1', settle));
    return server;
  }

  /** Where to publish to a channel. */
  publishUrl(channel: string, key: string | undefined = STREAM_KEY): string {
    return `${this.#url()}/live/${channel}/publish${key === undefined ? '' : `?key=${key}`}`;
  }

  /** Where RTMP publishers are taken in. */
  get rtmpPort(): number {
    return (this.#tcp.address() as AddressInfo).port;
  }

  /** Where to watch a channel. */
  playUrl(channel: string): string {
    return `${this.#url()}/live/${channel}/ws`;
  }

  /** A channel's live side. */
  channel(name: string): Channel {
    return this.hub.open(name, this.#settings);
  }

  /** The file of a recording. */
  recordingPath(id: string): string {
    return join(this.folder, 'recordings', id, 'media.mp4');
  }

  /** What a kill at this moment would leave: a copy of all files, in a folder of its own. */
  leftByKill(): string {
    const copy = mkdtempSync(join(tmpdir(), 'headwater-contract-'));
    for (const entry of readdirSync(this.folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const place = join(copy, relative(this.folder, path));
      if (entry.isDirectory()) mkdirSync(place, { recursive: true });
      else copyIfThere(path, place);
    }
    return copy;
  }

  /** Stops it, and leaves its files to another one; idempotent. */
  async stop(): Promise<void> {
    this.egress.close();
    this.ingest.close();
    this.rtmp.close();
    this.#tcp.close();
    await this.sessions.close();
    this.hub.close();
    await Promise.all(this.recordings.map(({ closed }) => closed));
    this.#http.closeAllConnections();
    await new Promise((settle) => this.#http.close(settle));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #url(): string {
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  #record(): void {
    let made = 0;
    this.hub.broadcastStarted.add((broadcast) => {
      const options = {
        folder: join(this.folder, 'recordings'),
        catalog: this.catalog,
        clock: this.clock,
        log: silentLog,
        newRecordingId: () => {
          do made += 1;
          while (existsSync(this.recordingPath(`r${made}`)));
          return `r${made}`;
        },
      };
      const recording = recordBroadcast(broadcast, options, this.archive.stateOf(broadcast.info.id));
      this.recordings.push(recording);
      this.#byBroadcast.set(broadcast.info.id, recording);
    });
  }

  #upgrade(): void {
    const protocols = [PUBLISH_PROTOCOL, PLAY_PROTOCOL];
    const sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: 4 * 1024 * 1024,
      handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
    });
    this.#http.on('upgrade', (request, connection, head) => {
      const url = new URL(request.url ?? '', 'http://test');
      const [, , name = '', kind] = url.pathname.split('/');
      sockets.handleUpgrade(request, connection, head, (socket) => {
        const channel = this.channel(name);
        if (kind === 'ws') {
          this.viewerConnections.push(request.socket);
          this.egress.accept({ socket, connection: request.socket }, channel);
        } else {
          const authorized = url.searchParams.get('key') === STREAM_KEY;
          this.ingest.accept(socket, { channel, authorized, checkKey: (key) => key === STREAM_KEY });
        }
      });
    });
  }
}
