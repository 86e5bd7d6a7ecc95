import type { Logger } from 'pino';
import { openStore } from '../store/open-store.ts';
import type { Foundation } from './assembly/foundation.ts';
import { type Delivery, openDelivery } from './assembly/open-delivery.ts';
import { type Ingests, openIngests } from './assembly/open-ingests.ts';
import { type Intake, openIntake } from './assembly/open-intake.ts';
import { openWeb } from './assembly/open-web.ts';
import { AdminAuth } from './auth/admin-auth.ts';
import { FailedAttempts, STREAM_KEY_FAILURES } from './auth/failed-attempts.ts';
import { StreamKeys } from './auth/stream-keys.ts';
import { TrustedProxies } from './auth/trusted-proxies.ts';
import type { Config } from './config/config-schema.ts';
import { openDataFolder } from './data-folder.ts';
import { checkAddress, listen } from './listen.ts';
import { LiveChannels } from './live/live-channels.ts';
import { logBroadcasts } from './live/log-broadcasts.ts';
import { logSkips } from './live/log-skips.ts';
import { makeFirstChannel } from './live/make-first-channel.ts';
import { meterBroadcasts } from './live/meter-broadcasts.ts';
import { ServerMetrics } from './metrics/server-metrics.ts';
import { PAGES_FOLDER } from './pages/pages-folder.ts';
import { checkRtmpSettings, type RtmpAddresses } from './rtmp/rtmp-servers.ts';
import type { Services } from './services.ts';
import { systemClock as clock } from './system-clock.ts';

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
  const { host, port } = config.server;
  await checkAddress(host, port);
  await checkRtmpSettings(config);
  const data = openDataFolder(config.data, options.adminToken);
  const store = await openStore(data.database);
  const foundation = { config, logger, clock, store, data };
  const intake = await openIntake(foundation);
  const delivery = openDelivery(foundation, intake);
  const services = openServices(foundation, intake, delivery, () => ingests);
  const ingests = openIngests(services, intake);
  await takeUp(services, intake, delivery);

  const http = await openWeb({ services, intake, delivery, ingests, version, pagesFolder });
  const stop = async () => {
    http.server.close();
    ingests.rtmpServers.close();
    delivery.closeViewers();
    ingests.close();
    await intake.close();
    await delivery.close();
    await intake.closeDisk();
    await http.close();
    await store.close();
    logger.info('stopped');
  };
  try {
    const url = await listen(http, host, port);
    const rtmp = await ingests.rtmpServers.listen();
    void delivery.prepare();
    let stopped: Promise<void> | undefined;
    const close = () => {
      stopped ??= stop();
      return stopped;
    };
    const signInUrl = `${url}/?token=${encodeURIComponent(data.adminToken)}`;
    return { url, signInUrl, rtmp, close };
  } catch (error) {
    await stop();
    throw error;
  }
}

function openServices(
  { config, logger, store, data }: Foundation,
  { hub, recordings, syncs }: Intake,
  { viewers, replays, destinations, destinationKeys, figures }: Delivery,
  ingests: () => Ingests,
): Services {
  const { adminToken, serverSecret } = data;
  const metrics = new ServerMetrics({
    ...figures,
    syncs,
    publishers: () => ingests().websocket.connected + ingests().rtmp.connected,
    rtmpPublishers: () => ingests().rtmp.connected,
    liveBroadcasts: () => [...hub.channels()].filter(({ broadcast }) => broadcast).length,
    skipped: () => hub.skipped,
    recorded: () => store.recordings.totals(),
    recordings: () => recordings.figures,
  });
  const defaults = { ...config.broadcast, dvr: config.dvr.enabled };
  const channels = new LiveChannels(hub, defaults, {
    bitrate: meterBroadcasts(hub, clock, metrics),
    recordingOf: (broadcast) => recordings.idOf(broadcast),
    recordingStateOf: (broadcast) => recordings.stateOf(broadcast),
    audienceOf: (channel) => viewers.of(channel),
    rewindable: (broadcast) => replays.rewindable(broadcast),
  });
  return {
    ...{ config, logger, clock, store, channels, recordings, destinations, destinationKeys, metrics },
    admin: new AdminAuth(adminToken, serverSecret, clock),
    streamKeys: new StreamKeys(serverSecret),
    keyFailures: new FailedAttempts(clock, STREAM_KEY_FAILURES),
    proxies: new TrustedProxies(config.server.trustProxy),
  };
}

/** Lets broadcasts be logged, recorded and delivered, and goes on with those that the last process left. */
async function takeUp(services: Services, intake: Intake, delivery: Delivery): Promise<void> {
  const { config, logger, store, channels } = services;
  const { hub, recordings, sessions } = intake;
  logBroadcasts(hub, logger);
  logSkips(hub, clock, logger);
  const isRecorded = (channel: string) => config.recording.enabled && channels.records(channel);
  recordings.start(isRecorded);
  delivery.start((channel) => isRecorded(channel) && channels.allowsDvr(channel));
  await sessions.restore(async (name) => {
    const record = await store.channels.find(name);
    return record && channels.open(record);
  });
  await recordings.recover();
  await makeFirstChannel(services);
  await store.sync();
}
