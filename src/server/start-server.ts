import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { Hub } from '../channel/hub.ts';
import { DEFAULT_VIEWER_LIMITS, PlayEgress } from '../egress/websocket/play-egress.ts';
import { PublishIngest } from '../ingest/websocket/publish-ingest.ts';
import { DEFAULT_PUBLISH_LIMITS } from '../ingest/websocket/publish-limits.ts';
import { bytes, milliseconds } from '../media/time.ts';
import { openStore, type Store } from '../store/open-store.ts';
import { apiRoutes } from './api/api-routes.ts';
import { AdminAuth } from './auth/admin-auth.ts';
import { loadOrMakeSecret } from './auth/secret-file.ts';
import { StreamKeys } from './auth/stream-keys.ts';
import { TrustedProxies } from './auth/trusted-proxies.ts';
import { checkAddress, explainListenError } from './check-address.ts';
import type { Config } from './config/config-schema.ts';
import { createHttp } from './http/create-http.ts';
import type { Http } from './http/http.ts';
import { openApiRoutes } from './http/openapi.ts';
import { LiveChannels } from './live/live-channels.ts';
import { meterBroadcasts } from './live/meter-broadcasts.ts';
import { Recordings } from './live/recordings.ts';
import { ViewerTraffic } from './live/viewer-traffic.ts';
import { ServerMetrics } from './metrics/server-metrics.ts';
import { pageRoutes } from './pages/page-routes.ts';
import { PAGES_FOLDER } from './pages/pages-folder.ts';
import type { Services } from './services.ts';
import { StartError } from './start-error.ts';
import { systemClock } from './system-clock.ts';
import { handleUpgrades } from './websocket/handle-upgrades.ts';

/** What a server is made of. */
export interface ServerOptions {
  readonly config: Config;
  /** Made and kept in the data folder where it is not given. */
  readonly adminToken: string | undefined;
  readonly logger: Logger;
  readonly version: string;
  /** The built browser side; by default where Vite puts it. */
  readonly pagesFolder?: string;
}

/** A server that listens. Owned by who started it. */
export interface RunningServer {
  /** `http://127.0.0.1:8080`, with the port that it got. */
  readonly url: string;
  /** The address that signs a browser in. Secret. */
  readonly signInUrl: string;
  /** Ends publishers and viewers, completes recordings, and gives everything up; idempotent. */
  close(): Promise<void>;
}

/** Starts everything, in order. Throws StartError and StoreError in words for the person who starts it. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, logger } = options;
  const { host, port } = config.server;
  await checkAddress(host, port);
  makeFolders(config.data);
  const secrets = loadSecrets(config.data, options.adminToken);
  const clock = systemClock;
  const store = await openStore(join(config.data, 'headwater.db'));
  const hub = new Hub({ clock, newBroadcastId: randomUUID, groupBuffer: groupBuffer(config) });
  const recordings = new Recordings({ store, hub, clock, logger, folder: join(config.data, 'recordings') });
  const ingest = new PublishIngest({
    clock,
    log: logger,
    limits: publishLimits(config),
    journalFolder: join(config.data, 'journal'),
    recordingOf: (broadcast) => recordings.of(broadcast),
  });
  const egress = new PlayEgress({
    clock,
    limits: viewerLimits(config),
    mergeWindow: milliseconds(config.play.mergeWindow),
  });
  const traffic = new ViewerTraffic();
  const metrics = new ServerMetrics({
    publishers: () => ingest.connected,
    viewers: () => egress.connected,
    liveBroadcasts: () => [...hub.channels()].filter(({ broadcast }) => broadcast).length,
    skipped: () => hub.skipped,
    sentBytes: () => traffic.bytes,
    recordingBytes: () => store.recordings.totalBytes(),
  });
  const channels = new LiveChannels(hub, config.broadcast, {
    bitrate: meterBroadcasts(hub, clock, metrics),
    recordingOf: (broadcast) => recordings.idOf(broadcast),
  });
  recordings.start((channel) => config.recording.enabled && channels.records(channel));
  const services: Services = {
    config,
    logger,
    clock,
    store,
    hub,
    admin: new AdminAuth(secrets.adminToken, secrets.server, clock),
    streamKeys: new StreamKeys(secrets.server),
    proxies: new TrustedProxies(config.server.trustProxy),
    channels,
    recordings,
    metrics,
  };
  await recordings.recover();
  await makeFirstChannel(services);
  const http = await createHttp(logger, services.proxies);
  await apiRoutes(http, services);
  await openApiRoutes(http, options.version, (other) => apiRoutes(other, services));
  await pageRoutes(http, services, options.pagesFolder ?? PAGES_FOLDER);
  handleUpgrades(http.server, services, {
    publish: (socket, request) => ingest.accept(socket, request),
    play: (viewer, channel) => {
      traffic.add(viewer.connection);
      egress.accept(viewer, channel);
    },
  });
  await listen(http, host, port, store);
  const url = addressOf(http, host);
  logger.info({ url, data: config.data, version: options.version }, 'listening');
  let closing: Promise<void> | undefined;
  const close = async () => {
    http.server.close();
    egress.close();
    await ingest.close();
    hub.close();
    await recordings.close();
    await http.close();
    await store.close();
    logger.info('stopped');
  };
  return {
    url,
    signInUrl: `${url}/?token=${encodeURIComponent(secrets.adminToken)}`,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function makeFolders(data: string): void {
  try {
    for (const name of ['', 'recordings', 'journal'])
      mkdirSync(join(data, name), { recursive: true, mode: 0o700 });
  } catch (cause) {
    const message = `The data folder ${data} cannot be made or written to: ${String(cause)}. Set HEADWATER_DATA to one that can.`;
    throw new StartError('data-unusable', message, { cause });
  }
}

function loadSecrets(data: string, given: string | undefined): { adminToken: string; server: string } {
  const make = () => randomBytes(32).toString('base64url');
  try {
    return {
      adminToken: given ?? loadOrMakeSecret(join(data, 'admin-token'), make),
      server: loadOrMakeSecret(join(data, 'server-secret'), make),
    };
  } catch (cause) {
    throw new StartError('data-unusable', `The secrets in ${data} cannot be used: ${String(cause)}`, {
      cause,
    });
  }
}

const groupBuffer = ({ groupBuffer: { bytes: size, duration } }: Config) => ({
  maxBytes: bytes(size),
  maxAge: milliseconds(duration),
});

const publishLimits = ({ limits }: Config) => ({
  bitrate: limits.bitrate,
  noMediaTimeout: milliseconds(limits.noMediaTimeout),
  journalQueue: DEFAULT_PUBLISH_LIMITS.journalQueue,
  demuxer: { maxElement: bytes(limits.maxElement), maxTracks: limits.maxTracks, maxPixels: limits.maxPixels },
});

const viewerLimits = ({ limits }: Config) => ({
  socketBuffer: DEFAULT_VIEWER_LIMITS.socketBuffer,
  maxLag: bytes(limits.viewerBuffer),
  stallTimeout: milliseconds(limits.viewerStallTimeout),
});

/** A server without any channel would be of no use. */
async function makeFirstChannel({ store, streamKeys, clock }: Services): Promise<void> {
  if ((await store.channels.list()).length > 0) return;
  const channel = { id: randomUUID(), name: 'main', title: 'main', record: true, createdAt: clock.wall() };
  await store.channels.create(channel, streamKeys.make());
}

async function listen(http: Http, host: string, port: number, store: Store): Promise<void> {
  try {
    await http.listen({ host, port });
  } catch (error) {
    await store.close();
    throw explainListenError(error as NodeJS.ErrnoException, host, port);
  }
}

/** An address that can be opened on this machine. */
function addressOf(http: Http, host: string): string {
  const { port } = http.server.address() as AddressInfo;
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
