import { sendOpenSegment } from '../../egress/dash/send-open-segment.ts';
import { HlsEgress } from '../../egress/hls/hls-egress.ts';
import { DeliveryError } from '../../egress/http/delivery-error.ts';
import { findMedia, parseMediaName } from '../../egress/http/media-resource.ts';
import type { TrackName } from '../../egress/http/presentation.ts';
import { sendMedia } from '../../egress/http/send-media.ts';
import type { Http, HttpPlugin } from '../http/http.ts';
import {
  allowOthers,
  currentPresentation,
  DELIVERY_OPTIONS,
  deliver,
  isLook,
  type LiveSources,
  visitorOf,
} from './deliver.ts';

/**
 * `/live/{channel}/index.m3u8`, and below `/live/{channel}/{presentation}/` what it names: playlists, and media that DASH
 * shares. Open to whoever knows the address.
 */
export async function hlsRoutes(http: Http, sources: LiveSources): Promise<void> {
  const routes: HttpPlugin = async (scope) => {
    // Ten times a second and viewer: a log of its own for each request would cost a tenth of serving it.
    scope.setChildLoggerFactory((logger) => logger);
    const egress = new HlsEgress();
    multivariantRoute(scope, egress, sources);
    presentationRoutes(scope, egress, sources);
  };
  await http.register(routes);
}

function presentationRoutes(http: Http, egress: HlsEgress, sources: LiveSources): void {
  const { presentations, viewers } = sources;
  http.get('/live/:channel/:presentation/:file', DELIVERY_OPTIONS, async (request, reply) => {
    const { channel, presentation, file } = request.params as Names;
    await deliver(sources, request, reply, async (raw, response) => {
      const found = presentations.find(channel, presentation);
      const track = trackNameOf(file.endsWith('.m3u8') ? file.slice(0, -5) : '');
      if (!found.ended && !isLook(request)) viewers.seen(channel, 'hls', visitorOf(request));
      return await egress.sendPlaylist(found, track, request.query as Record<string, unknown>, raw, response);
    });
  });
  http.get('/live/:channel/:presentation/:kind/:name', DELIVERY_OPTIONS, async (request, reply) => {
    const { channel, presentation, kind, name } = request.params as Names;
    await deliver(sources, request, reply, async (raw, response) => {
      const found = presentations.find(channel, presentation);
      const [track, media] = [trackNameOf(kind), parseMediaName(name)];
      if (media.type === 'segment') {
        const sent = await sendOpenSegment(found, track, media.sequence, raw, response);
        if (sent !== undefined) return sent;
      }
      const shared = await findMedia(found, track, media, response);
      return shared ? sendMedia(raw, response, shared) : 0;
    });
  });
  for (const path of ['index.m3u8', ':presentation/:file', ':presentation/:kind/:name']) {
    http.options(`/live/:channel/${path}`, DELIVERY_OPTIONS, allowOthers);
  }
}

interface Names {
  readonly channel: string;
  readonly presentation: string;
  readonly file: string;
  readonly kind: string;
  readonly name: string;
}

function multivariantRoute(http: Http, egress: HlsEgress, sources: LiveSources): void {
  http.get('/live/:channel/index.m3u8', DELIVERY_OPTIONS, async (request, reply) => {
    const { channel } = request.params as Names;
    await deliver(sources, request, reply, async (raw, response) =>
      egress.sendMultivariant(await currentPresentation(sources, channel), raw, response),
    );
  });
}

function trackNameOf(name: string): TrackName {
  if (name === 'video' || name === 'audio' || name === 'aac') return name;
  throw new DeliveryError('media-not-found', 'There are video, audio and aac here.');
}
