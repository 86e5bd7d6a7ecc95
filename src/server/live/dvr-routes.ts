import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../channel/clock.ts';
import { DvrEgress, type ReplayRequest } from '../../egress/dvr/dvr-egress.ts';
import type { Replay } from '../../egress/dvr/replay.ts';
import { DeliveryError } from '../../egress/http/delivery-error.ts';
import { OPEN_TO_ALL } from '../../egress/http/open-to-all.ts';
import type { Track } from '../../media/track.ts';
import type { AdminAuth } from '../auth/admin-auth.ts';
import { guardAdmin } from '../auth/guard-admin.ts';
import type { Http, HttpPlugin, HttpReply, HttpRequest } from '../http/http.ts';
import { HttpError } from '../http/http-error.ts';
import {
  allowOthers,
  currentPresentation,
  DELIVERY_OPTIONS,
  deliver,
  isLook,
  type LiveSources,
  visitorOf,
} from './deliver.ts';
import type { FoundReplay, Replays } from './replays.ts';

/** What replays are served from. */
export interface ReplaySources extends LiveSources {
  readonly replays: Replays;
  readonly admin: AdminAuth;
  readonly clock: Clock;
}

/** The next broadcast may be kept. */
const WINDOW = 'public, max-age=2';

interface Names {
  readonly channel: string;
  readonly id: string;
  readonly file: string;
  readonly recording: string;
  readonly kind: string;
  readonly name: string;
}

type Query = Readonly<Record<string, unknown>>;
type SendReplay = (replay: Replay, asked: ReplayRequest, names: Names, query: Query) => Promise<number>;

/**
 * `/live/{channel}/dvr.m3u8` and `dvr.mpd`: the channel's broadcast from its beginning, and when it is over the whole of it; where
 * it is not kept, what the live playlists hold. Below
 * `/vod/{id}/` is what they name, of a broadcast or of one recording; the admin may have any of them.
 */
export async function dvrRoutes(http: Http, sources: ReplaySources): Promise<void> {
  const { replays, clock } = sources;
  const egress = new DvrEgress({ clock });
  const ofChannel = async ({ channel }: Names) => {
    const found = await replays.ofChannel(channel);
    // What players are led to then must be there.
    if (!found) await currentPresentation(sources, channel);
    return found;
  };
  const ofId = ({ id }: Names) => replays.find(id);
  const routes: HttpPlugin = async (scope) => {
    const route = (
      path: string,
      find: (names: Names) => Promise<FoundReplay | undefined>,
      send: SendReplay,
    ) => {
      const own = path.startsWith('/vod/');
      scope.get(path, DELIVERY_OPTIONS, async (request, reply) => {
        const names = request.params as Names;
        await sendReplay(
          sources,
          request,
          reply,
          () => find(names),
          async (replay, asked) => {
            try {
              return await send(replay, { ...asked, own }, names, request.query as Query);
            } catch (error) {
              // It is on, and nothing that was recorded of it can be read.
              if (own || !replay.live || !isMissing(error)) throw error;
              await currentPresentation(sources, names.channel);
              return sendToWindow(asked.request, asked.response);
            }
          },
        );
      });
      scope.options(path, DELIVERY_OPTIONS, allowOthers);
    };
    route('/live/:channel/dvr.m3u8', ofChannel, (replay, asked) =>
      egress.sendMultivariant(replay, `../../vod/${replay.id}/`, asked),
    );
    route('/live/:channel/dvr.mpd', ofChannel, (replay, asked) =>
      egress.sendManifest(replay, `../../vod/${replay.id}/`, '../time', asked),
    );
    route('/vod/:id/index.m3u8', ofId, (replay, asked) => egress.sendMultivariant(replay, '', asked));
    route('/vod/:id/manifest.mpd', ofId, (replay, asked) =>
      egress.sendManifest(replay, '', '../../live/time', asked),
    );
    route('/vod/:id/:file', ofId, (replay, asked, { file }, query) =>
      egress.sendPlaylist(replay, kindOf(file.endsWith('.m3u8') ? file.slice(0, -5) : ''), query, asked),
    );
    route('/vod/:id/:recording/:kind/:name', ofId, (replay, asked, { recording, kind, name }) =>
      egress.sendMedia(replay, recording, kindOf(kind), name, asked),
    );
  };
  await http.register(routes);
}

async function sendReplay(
  sources: ReplaySources,
  request: HttpRequest,
  reply: HttpReply,
  find: () => Promise<FoundReplay | undefined>,
  send: (replay: Replay, asked: Omit<ReplayRequest, 'own'>) => Promise<number>,
): Promise<void> {
  await deliver(sources, request, reply, async (raw, response) => {
    const found = await find();
    if (!found) return sendToWindow(raw, response);
    const { replay, channel, open } = found;
    if (!open) await guardAdmin(sources.admin, request);
    else if (!isLook(request)) sources.viewers.seen(channel, 'dvr', visitorOf(request));
    return await send(replay, { request: raw, response, open });
  }).catch((error: unknown) => {
    // A page may simply try: what is not there is no error then, which browsers would show to whoever looks.
    if (!isLook(request) || !(error instanceof HttpError) || error.code !== 'not-live') throw error;
    void reply.code(204).header('cache-control', 'no-store').send();
  });
}

/** Nothing is kept of it but what live players are given: they are below the same folder. Answers the bytes sent. */
function sendToWindow({ url = '' }: IncomingMessage, response: ServerResponse): number {
  const { pathname, search } = new URL(url, 'http://host');
  const location = `${pathname.endsWith('.mpd') ? 'manifest.mpd' : 'index.m3u8'}${search}`;
  const headers = { ...OPEN_TO_ALL, location, 'cache-control': WINDOW, 'content-length': '0' };
  response.writeHead(307, headers).end();
  return 0;
}

const isMissing = (error: unknown) => error instanceof DeliveryError && error.code === 'media-not-found';

function kindOf(name: string): Track['kind'] {
  if (name === 'video' || name === 'audio') return name;
  throw new DeliveryError('media-not-found', 'There are video and audio here.');
}
