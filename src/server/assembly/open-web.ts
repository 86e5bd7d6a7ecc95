import { apiRoutes } from '../api/api-routes.ts';
import { createHttp } from '../http/create-http.ts';
import type { Http } from '../http/http.ts';
import { openApiRoutes } from '../http/openapi.ts';
import { dashRoutes } from '../live/dash-routes.ts';
import { dvrRoutes } from '../live/dvr-routes.ts';
import { eventRoutes } from '../live/event-routes.ts';
import { hlsRoutes } from '../live/hls-routes.ts';
import { pageRoutes } from '../pages/page-routes.ts';
import type { Services } from '../services.ts';
import { handleUpgrades } from '../websocket/handle-upgrades.ts';
import type { Delivery } from './open-delivery.ts';
import type { Ingests } from './open-ingests.ts';
import type { Intake } from './open-intake.ts';

/** What of the server the web is shown. */
interface WebParts {
  readonly services: Services;
  readonly intake: Intake;
  readonly delivery: Delivery;
  readonly ingests: Ingests;
  readonly version: string;
  readonly pagesFolder: string;
}

/** Every address of the server; it does not listen yet. */
export async function openWeb(parts: WebParts): Promise<Http> {
  const { services, intake, delivery, ingests, version } = parts;
  const { store, logger, proxies, admin, clock } = services;
  const { presentations, replays, traffic, viewers, events, play } = delivery;
  const { hub } = intake;
  const http = await createHttp(logger, proxies);
  await apiRoutes(http, services);
  await openApiRoutes(http, version, (other) => apiRoutes(other, services));
  await hlsRoutes(http, { hub, store, presentations, traffic, viewers });
  await dashRoutes(http, { hub, store, presentations, traffic, viewers });
  await dvrRoutes(http, { hub, store, presentations, replays, admin, clock, traffic, viewers });
  eventRoutes(http, { hub, store, events });
  await pageRoutes(http, services, parts.pagesFolder);
  handleUpgrades(http.server, services, {
    publish: (socket, request) => ingests.websocket.accept(socket, request),
    play: (viewer, channel, visitor) => {
      traffic.add(viewer.connection);
      viewer.connection.once('close', viewers.open(channel.name, visitor));
      play.accept(viewer, channel);
    },
  });
  return http;
}
