import { DashEgress } from '../../egress/dash/dash-egress.ts';
import { OPEN_TO_ALL } from '../../egress/http/open-to-all.ts';
import type { Http, HttpPlugin } from '../http/http.ts';
import {
  allowOthers,
  currentPresentation,
  DELIVERY_OPTIONS,
  deliver,
  type LiveSources,
  visitorOf,
} from './deliver.ts';

/**
 * `/live/{channel}/manifest.mpd`, whose media are at the addresses of HLS, and `/live/time`, which tells players what time it
 * is here. `?audio=aac`: with the sound as AAC, too, where that can be had. Open to whoever knows the address.
 */
export async function dashRoutes(http: Http, sources: LiveSources): Promise<void> {
  const { clock } = sources.hub;
  const routes: HttpPlugin = async (scope) => {
    // Twice a second and viewer, and no word worth logging.
    scope.setChildLoggerFactory((logger) => logger);
    const egress = new DashEgress(clock);
    scope.get('/live/:channel/manifest.mpd', DELIVERY_OPTIONS, async (request, reply) => {
      const { channel } = request.params as { readonly channel: string };
      await deliver(sources, request, reply, async (raw, response) => {
        const presentation = await currentPresentation(sources, channel);
        if (!presentation.ended) sources.viewers.seen(channel, 'dash', visitorOf(request));
        const { audio } = request.query as { readonly audio?: unknown };
        if (audio === 'aac') return await egress.sendManifestWithAac(presentation, raw, response);
        const aac = sources.presentations.alwaysAac ? presentation.aac?.prepare() : undefined;
        return egress.sendManifest(presentation, raw, response, aac);
      });
    });
    // An ISO 8601 date, as `urn:mpeg:dash:utc:http-iso:2014` asks for.
    scope.get('/live/time', DELIVERY_OPTIONS, async (_request, reply) =>
      reply
        .headers({ ...OPEN_TO_ALL, 'cache-control': 'no-store' })
        .type('text/plain')
        .send(new Date(clock.wall()).toISOString()),
    );
    for (const path of ['/live/:channel/manifest.mpd', '/live/time'])
      scope.options(path, DELIVERY_OPTIONS, allowOthers);
  };
  await http.register(routes);
}
