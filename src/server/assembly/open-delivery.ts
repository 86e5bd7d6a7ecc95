import { randomUUID } from 'node:crypto';
import { Presentations } from '../../egress/http/presentations.ts';
import { PlayEgress } from '../../egress/websocket/play-egress.ts';
import { milliseconds } from '../../media/time.ts';
import { SecretSeal } from '../auth/secret-seal.ts';
import { segmentLimits, viewerLimits } from '../config/limits.ts';
import { ChannelEvents } from '../live/channel-events.ts';
import { Destinations } from '../live/destinations.ts';
import { keepAac } from '../live/keep-aac.ts';
import { openRtmpEgress } from '../live/open-rtmp-egress.ts';
import { Replays } from '../live/replays.ts';
import { ViewerCounts } from '../live/viewer-counts.ts';
import { ViewerTraffic } from '../live/viewer-traffic.ts';
import type { MetricSources } from '../metrics/server-metrics.ts';
import type { Foundation } from './foundation.ts';
import type { Intake } from './open-intake.ts';

/** Where media goes out, to viewers and to other servers, and who is counted there. */
export interface Delivery {
  readonly play: PlayEgress;
  readonly presentations: Presentations;
  readonly replays: Replays;
  readonly destinations: Destinations;
  /** Seals the stream keys of destinations. */
  readonly destinationKeys: SecretSeal;
  readonly viewers: ViewerCounts;
  readonly traffic: ViewerTraffic;
  readonly events: ChannelEvents;
  readonly figures: Pick<MetricSources, 'viewers' | 'sentBytes' | 'delivery' | 'transcodes' | 'pushes'>;
  /** Serves broadcasts that start from now on. `isKept`: viewers may go back in those of that channel. */
  start(isKept: (channel: string) => boolean): void;
  /** Finds out what can be transcoded here. */
  prepare(): Promise<void>;
  /** Lets viewers go. */
  closeViewers(): void;
  /** Ends what other servers and children are sent: once the broadcasts are over. */
  close(): Promise<void>;
}

/** Opens it. Throws StartError `restream-unusable`. */
export function openDelivery({ config, logger, clock, store, data }: Foundation, intake: Intake): Delivery {
  const { hub, recordings, transcoder } = intake;
  const mergeWindow = milliseconds(config.play.mergeWindow);
  const play = new PlayEgress({
    ...{ clock, mergeWindow, limits: viewerLimits(config) },
    rewindable: (broadcast) => replays.rewindable(broadcast),
  });
  const presentations = new Presentations({
    ...{ clock, limits: segmentLimits(config), renditions: transcoder },
    alwaysAac: config.transcode.aac === 'always',
    newPresentationId: randomUUID,
  });
  hub.channelRemoved.add((name) => presentations.forget(name));
  const { enabled, replay } = config.dvr;
  const replays = new Replays({
    ...{ hub, store, clock, logger, recordings, enabled },
    replay: milliseconds(replay),
  });

  const traffic = new ViewerTraffic();
  const viewers = new ViewerCounts({
    clock,
    onChange: (name) => {
      const { viewers: all, sessions } = viewers.of(name);
      const channel = hub.find(name);
      if (channel) channel.otherViewers = all - sessions.websocket;
      events.viewersChanged(name);
    },
  });
  const events = new ChannelEvents(hub, {
    audienceOf: (channel) => viewers.of(channel),
    rewindable: (broadcast) => replays.rewindable(broadcast),
  });

  const rtmpEgress = openRtmpEgress({ ...config.restream, renditions: transcoder, clock, log: logger });
  const destinationKeys = new SecretSeal(data.serverSecret, 'destination keys');
  const destinations = new Destinations({
    ...{ hub, store, egress: rtmpEgress, seal: destinationKeys, log: logger },
    encoderProblem: () => (transcoder.known ? transcoder.aacUnavailable : undefined),
  });

  return {
    ...{ play, presentations, replays, destinations, destinationKeys, viewers, traffic, events },
    figures: {
      viewers: () => viewers.totals,
      sentBytes: () => traffic.bytes,
      delivery: () => ({
        requests: traffic.requests,
        waiting: presentations.waiting,
        heldBytes: presentations.heldBytes,
      }),
      transcodes: () => transcoder.counts,
      pushes: () => rtmpEgress.counts,
    },
    start(isKept) {
      if (config.transcode.aac === 'always') keepAac(hub, transcoder);
      destinations.start();
      replays.start(isKept);
    },
    prepare: () => transcoder.prepare(),
    closeViewers() {
      play.close();
      presentations.close();
      viewers.close();
    },
    async close() {
      await rtmpEgress.close();
      await transcoder.close();
    },
  };
}
