import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { Hub } from '../channel/hub.ts';
import { SyncBatch } from '../disk/sync-batch.ts';
import { syncFolder } from '../disk/sync-folder.ts';
import { Presentations } from '../egress/http/presentations.ts';
import { PlayEgress } from '../egress/websocket/play-egress.ts';
import { RtmpIngest } from '../ingest/rtmp/rtmp-ingest.ts';
import { PublishSessions } from '../ingest/session/publish-sessions.ts';
import { PublishIngest } from '../ingest/websocket/publish-ingest.ts';
import { milliseconds } from '../media/time.ts';
import { openStore } from '../store/open-store.ts';
import { Transcoder } from '../transcode/transcoder.ts';
import { apiRoutes } from './api/api-routes.ts';
import { AdminAuth } from './auth/admin-auth.ts';
import { FailedAttempts, STREAM_KEY_FAILURES } from './auth/failed-attempts.ts';
import { SecretSeal } from './auth/secret-seal.ts';
import { StreamKeys } from './auth/stream-keys.ts';
import { TrustedProxies } from './auth/trusted-proxies.ts';
import type { Config } from './config/config-schema.ts';
import { groupBufferLimits, publishLimits, segmentLimits, viewerLimits } from './config/limits.ts';
import { openDataFolder } from './data-folder.ts';
import { createHttp } from './http/create-http.ts';
import { openApiRoutes } from './http/openapi.ts';
import { checkAddress, listen } from './listen.ts';
import { ChannelEvents } from './live/channel-events.ts';
import { dashRoutes } from './live/dash-routes.ts';
import { Destinations } from './live/destinations.ts';
import { dvrRoutes } from './live/dvr-routes.ts';
import { eventRoutes } from './live/event-routes.ts';
import { hlsRoutes } from './live/hls-routes.ts';
import { keepAac } from './live/keep-aac.ts';
import { LiveChannels } from './live/live-channels.ts';
import { logBroadcasts } from './live/log-broadcasts.ts';
import { logSkips } from './live/log-skips.ts';
import { makeFirstChannel } from './live/make-first-channel.ts';
import { meterBroadcasts } from './live/meter-broadcasts.ts';
import { openRtmpEgress } from './live/open-rtmp-egress.ts';
import { RecordingArchive } from './live/recording-archive.ts';
import { Recordings } from './live/recordings.ts';
import { Replays } from './live/replays.ts';
import { ViewerCounts } from './live/viewer-counts.ts';
import { ViewerTraffic } from './live/viewer-traffic.ts';
import { ServerMetrics } from './metrics/server-metrics.ts';
import { SyncFigures } from './metrics/sync-figures.ts';
import { pageRoutes } from './pages/page-routes.ts';
import { PAGES_FOLDER } from './pages/pages-folder.ts';
import { admitRtmp } from './rtmp/admit-rtmp.ts';
import { checkRtmpSettings, type RtmpAddresses, RtmpServers } from './rtmp/rtmp-servers.ts';
import type { Services } from './services.ts';
import { systemClock as clock } from './system-clock.ts';
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
  /** Where RTMP publishers are taken in. */
  readonly rtmp: RtmpAddresses;
  /** Ends publishers and viewers, completes recordings, and gives everything up; idempotent. */
  close(): Promise<void>;
}

/** Starts everything, in order. Throws StartError and StoreError in words for the person who starts it. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, logger, version, pagesFolder = PAGES_FOLDER } = options;
  const { host, port, trustProxy } = config.server;
  await checkAddress(host, port);
  await checkRtmpSettings(config);
  const proxies = new TrustedProxies(trustProxy);
  const data = openDataFolder(config.data, options.adminToken);
  const { adminToken, serverSecret } = data;
  const store = await openStore(data.database);

  const { minFree } = config.recording;
  const hub = new Hub({ clock, newBroadcastId: randomUUID, groupBuffer: groupBufferLimits(config) });
  const recordings = new Recordings({
    ...{ store, hub, clock, logger },
    folder: data.recordings,
    quota: config.recording,
    minFree,
    finalise: config.recording.finalise,
    sync: config.recording.durability === 'power',
  });
  const syncs = new SyncFigures(logger);
  const interval = milliseconds(config.recording.syncInterval);
  const sync =
    config.recording.durability === 'power' ? new SyncBatch({ clock, interval, observer: syncs }) : undefined;
  // The folders in it may be new: what is made durable in them is to be found after a power loss.
  if (sync) await syncFolder(config.data);
  const sessions = new PublishSessions({
    clock,
    sync,
    log: logger,
    limits: publishLimits(config),
    journalFolder: data.journal,
    keepUnfinished: config.recording.keepUnfinished * 24 * 60 * 60_000,
    recordingOf: (broadcast) => recordings.of(broadcast),
    archive: new RecordingArchive({ store, recordings, logger, folder: data.recordings, minFree }),
  });
  const ingest = new PublishIngest(sessions);
  const mergeWindow = milliseconds(config.play.mergeWindow);
  const egress = new PlayEgress({ clock, limits: viewerLimits(config), mergeWindow });
  const limits = segmentLimits(config);
  const transcoder = new Transcoder({ settings: config.transcode, clock, log: logger });
  const presentations = new Presentations({
    ...{ clock, limits, renditions: transcoder },
    newPresentationId: randomUUID,
  });
  const rtmpEgress = openRtmpEgress({ ...config.restream, renditions: transcoder, clock, log: logger });
  const traffic = new ViewerTraffic();
  const viewers = new ViewerCounts({
    clock,
    onChange: (name) => {
      const { hls, dash } = viewers.of(name).sessions;
      const channel = hub.find(name);
      if (channel) channel.otherViewers = hls + dash;
      events.viewersChanged(name);
    },
  });
  const events = new ChannelEvents(hub, (channel) => viewers.of(channel));
  const metrics = new ServerMetrics({
    publishers: () => ingest.connected + rtmpIngest.connected,
    rtmpPublishers: () => rtmpIngest.connected,
    viewers: () => viewers.totals,
    liveBroadcasts: () => [...hub.channels()].filter(({ broadcast }) => broadcast).length,
    skipped: () => hub.skipped,
    sentBytes: () => traffic.bytes,
    delivery: () => ({
      requests: traffic.requests,
      waiting: presentations.waiting,
      heldBytes: presentations.heldBytes,
    }),
    recorded: () => store.recordings.totals(),
    recordings: () => recordings.figures,
    transcodes: () => transcoder.counts,
    pushes: () => rtmpEgress.counts,
    syncs,
  });
  const channels = new LiveChannels(hub, config.broadcast, {
    bitrate: meterBroadcasts(hub, clock, metrics),
    recordingOf: (broadcast) => recordings.idOf(broadcast),
    recordingStateOf: (broadcast) => recordings.stateOf(broadcast),
    audienceOf: (channel) => viewers.of(channel),
  });
  logBroadcasts(hub, logger);
  logSkips(hub, clock, logger);
  if (config.transcode.aac === 'always') keepAac(hub, transcoder);
  const destinationKeys = new SecretSeal(serverSecret, 'destination keys');
  let encodersKnown = false;
  const destinations = new Destinations({
    hub,
    store,
    egress: rtmpEgress,
    seal: destinationKeys,
    log: logger,
    encoderProblem: () => (encodersKnown ? transcoder.aacUnavailable : undefined),
  });
  destinations.start();
  recordings.start((channel) => config.recording.enabled && channels.records(channel));

  const { enabled, replay } = config.dvr;
  const replays = new Replays({
    ...{ hub, store, clock, logger, recordings, enabled },
    replay: milliseconds(replay),
  });
  replays.start();

  const admin = new AdminAuth(adminToken, serverSecret, clock);
  const streamKeys = new StreamKeys(serverSecret);
  const keyFailures = new FailedAttempts(clock, STREAM_KEY_FAILURES);
  const shared = { config, logger, clock, store, admin, streamKeys, keyFailures, proxies };
  const services: Services = { ...shared, channels, recordings, destinations, destinationKeys, metrics };
  const rtmpIngest = new RtmpIngest({
    sessions,
    admit: (streamName, address) => admitRtmp(services, streamName, address),
    onRefused: ({ code }) => {
      metrics.countRefused(code);
      logger.info({ code }, 'an RTMP publisher was not accepted');
    },
  });
  const rtmpServers = new RtmpServers({
    config,
    clock,
    logger,
    accept: (socket) => rtmpIngest.accept(socket),
  });
  await sessions.restore(async (name) => {
    const record = await store.channels.find(name);
    return record && channels.open(record);
  });
  await recordings.recover();
  await makeFirstChannel(services);

  const http = await createHttp(logger, proxies);
  await apiRoutes(http, services);
  await openApiRoutes(http, version, (other) => apiRoutes(other, services));
  await hlsRoutes(http, { hub, store, presentations, traffic, viewers });
  await dashRoutes(http, { hub, store, presentations, traffic, viewers });
  await dvrRoutes(http, { replays, admin, clock, traffic });
  eventRoutes(http, { hub, store, events });
  await pageRoutes(http, services, pagesFolder);
  handleUpgrades(http.server, services, {
    publish: (socket, request) => ingest.accept(socket, request),
    play: (viewer, channel, visitor) => {
      traffic.add(viewer.connection);
      viewer.connection.once('close', viewers.open(channel.name, visitor));
      egress.accept(viewer, channel);
    },
  });

  const stop = async () => {
    http.server.close();
    rtmpServers.close();
    egress.close();
    presentations.close();
    viewers.close();
    ingest.close();
    rtmpIngest.close();
    await sessions.close();
    hub.close();
    await rtmpEgress.close();
    await transcoder.close();
    await recordings.close();
    await sync?.close();
    await http.close();
    await store.close();
    logger.info('stopped');
  };
  try {
    const url = await listen(http, host, port);
    const rtmp = await rtmpServers.listen();
    void transcoder.prepare().then(() => {
      encodersKnown = true;
    });
    let stopped: Promise<void> | undefined;
    const close = () => {
      stopped ??= stop();
      return stopped;
    };
    return { url, signInUrl: `${url}/?token=${encodeURIComponent(adminToken)}`, rtmp, close };
  } catch (error) {
    await stop();
    throw error;
  }
}
