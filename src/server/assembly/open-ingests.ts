import { RtmpIngest } from '../../ingest/rtmp/rtmp-ingest.ts';
import { PublishIngest } from '../../ingest/websocket/publish-ingest.ts';
import { admitRtmp } from '../rtmp/admit-rtmp.ts';
import { RtmpServers } from '../rtmp/rtmp-servers.ts';
import type { Services } from '../services.ts';
import type { Intake } from './open-intake.ts';

/** What takes publishers in. */
export interface Ingests {
  readonly websocket: PublishIngest;
  readonly rtmp: RtmpIngest;
  /** Where RTMP publishers are listened for. */
  readonly rtmpServers: RtmpServers;
  /** Lets publishers go; their sessions are the intake's. */
  close(): void;
}

/** Opens them; nothing listens yet. */
export function openIngests(services: Services, { sessions }: Intake): Ingests {
  const { config, clock, logger, metrics } = services;
  const websocket = new PublishIngest(sessions);
  const rtmp = new RtmpIngest({
    sessions,
    admit: (streamName, address) => admitRtmp(services, streamName, address),
    onRefused: ({ code }) => {
      metrics.countRefused(code);
      logger.info({ code }, 'an RTMP publisher was not accepted');
    },
  });
  const rtmpServers = new RtmpServers({ config, clock, logger, accept: (socket) => rtmp.accept(socket) });
  return {
    ...{ websocket, rtmp, rtmpServers },
    close() {
      websocket.close();
      rtmp.close();
    },
  };
}
