import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type DeliveryDirectives,
  judgeReload,
  parseDirectives,
} from '../../media/hls/delivery-directives.ts';
import { formatMediaPlaylist } from '../../media/hls/format-media-playlist.ts';
import { formatMultivariantPlaylist } from '../../media/hls/multivariant-playlist.ts';
import type { SegmentTrack } from '../../package/segment-track.ts';
import { DeliveryError } from '../http/delivery-error.ts';
import type { Presentation, TrackName } from '../http/presentation.ts';
import { SharedDocument, sendDocument } from '../http/send-document.ts';
import { multivariantOf } from './multivariant-of.ts';
import { playlistEdgeOf, playlistOfTrack } from './playlist-of-track.ts';

const TYPE = 'application/vnd.apple.mpegurl';
/**
 * A playlist is old with the next part, whatever was asked of it: Video.js asks for the last part of a segment again and again until
 * the next segment begins, and would get what its browser keeps. Shared caches answer those who ask at the same time.
 */
const LIVE = 'public, max-age=0, s-maxage=1';
/** After the end it changes no more, but goes. */
const ENDED = 'public, max-age=60';

/** What was last written of a playlist. */
interface Written {
  readonly version: string;
  readonly document: SharedDocument;
}

/**
 * Presentations as HLS (rfc8216bis), low-latency for who knows it. Playlists are written once for each version, and only
 * when somebody asks; all who wait for one are sent the same bytes.
 */
export class HlsEgress {
  readonly #written = new WeakMap<Presentation, Map<string, Written>>();

  /** Answers with the multivariant playlist. Answers the bytes sent. */
  sendMultivariant(presentation: Presentation, request: IncomingMessage, response: ServerResponse): number {
    const { tracks, ended } = presentation.segmenter;
    const { aac } = presentation;
    const alternative = aac?.offered ? `a${aac.track?.openSequence ?? ''}` : '';
    const version = `m${tracks.map((track) => track.openSequence).join('.')}${alternative}${ended ? 'e' : ''}`;
    const document = this.#document(presentation, 'index', version, () =>
      formatMultivariantPlaylist(multivariantOf(presentation)),
    );
    return sendDocument(request, response, document, LIVE);
  }

  /**
   * Answers with the playlist of a track, whose making begins with that where it is not of the broadcast itself, as soon as it has what the query asks for (rfc8216bis §6.2.5). Answers the bytes
   * sent. Throws DeliveryError, with nothing sent.
   */
  async sendPlaylist(
    presentation: Presentation,
    name: TrackName,
    query: Readonly<Record<string, unknown>>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<number> {
    const track = await begun(presentation, name, response);
    if (!track) return 0;
    const directives = presentation.endedOf(name) ? NONE : readDirectives(query);
    if (!(await this.#reached(presentation, name, track, directives, response))) return 0;
    if (name === 'aac') presentation.aac?.refuseWhereFailed();
    const ended = presentation.endedOf(name);
    const skip = directives.skip && !ended;
    const version = `${versionOf(name, track)}${ended ? 'e' : ''}${skip ? 's' : ''}`;
    const document = this.#document(presentation, skip ? `${name}-delta` : name, version, () =>
      formatMediaPlaylist(playlistOfTrack(presentation, track, name), { skip }),
    );
    return sendDocument(request, response, document, ended ? ENDED : LIVE);
  }

  /** False when the client has gone away. */
  async #reached(
    presentation: Presentation,
    name: TrackName,
    track: SegmentTrack,
    directives: DeliveryDirectives,
    client: ServerResponse,
  ): Promise<boolean> {
    const verdict = () => judgeReload(directives, playlistEdgeOf(presentation, track));
    const now = verdict();
    if (now === 'ready') return true;
    if (now === 'too-far')
      throw new DeliveryError('invalid-request', 'This is too far ahead of the broadcast.');
    const { waiting, longestWait, aac } = presentation;
    const settled = () => presentation.endedOf(name) || (name === 'aac' && aac?.failed === true);
    return await waiting.wait(() => settled() || verdict() === 'ready', longestWait, client);
  }

  #document(presentation: Presentation, name: string, version: string, write: () => string): SharedDocument {
    const all = this.#written.get(presentation) ?? new Map<string, Written>();
    this.#written.set(presentation, all);
    const found = all.get(name);
    if (found?.version === version) return found.document;
    const document = new SharedDocument(write(), TYPE, `${presentation.id}-${version}`);
    all.set(name, { version, document });
    return document;
  }
}

/** Undefined when the client has gone away. */
async function begun(
  presentation: Presentation,
  name: TrackName,
  client: ServerResponse,
): Promise<SegmentTrack | undefined> {
  const { aac, longestWait } = presentation;
  if (name === 'aac' && aac) return await aac.ready(client, longestWait);
  const track = presentation.track(name);
  if (!track || track.window.length === 0) throw new DeliveryError('media-not-found', `There is no ${name}.`);
  return track;
}

/** A rendition that was begun anew counts its versions from zero again, but no segment twice. */
const versionOf = (name: TrackName, { version, window }: SegmentTrack): string =>
  name === 'aac' ? `aac${window.listed[0]?.sequence}.${version}` : `${name[0]}${version}`;

const NONE: DeliveryDirectives = { sequence: undefined, part: undefined, skip: false };

function readDirectives(query: Readonly<Record<string, unknown>>): DeliveryDirectives {
  const directives = parseDirectives(query);
  if (typeof directives === 'string') throw new DeliveryError('invalid-request', directives);
  return directives;
}
