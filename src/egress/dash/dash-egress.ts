import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../channel/clock.ts';
import { formatManifest } from '../../media/dash/format-manifest.ts';
import type { SegmentTrack } from '../../package/segment-track.ts';
import type { Presentation } from '../http/presentation.ts';
import { SharedDocument, sendDocument } from '../http/send-document.ts';
import { manifestOf, outgrew } from './manifest-of.ts';
import { PeriodClock } from './period-clock.ts';

const TYPE = 'application/dash+xml';
/** Players ask again by themselves; a cache in between may spare the server those of a second. Also when it is over: the next broadcast has this address. */
const LIFETIME = 'public, max-age=0, s-maxage=1';

/** What is kept of a presentation. */
interface Described {
  readonly clock: PeriodClock;
  readonly plain: Written;
  readonly withAac: Written;
}

/** The newest version of a manifest. */
interface Written {
  version: string;
  document: SharedDocument | undefined;
}

/**
 * Presentations as DASH (ISO/IEC 23009-1), low-latency for who knows it. A manifest is written once for each version, and
 * only when somebody asks. Init segments and segments are those of HLS.
 */
export class DashEgress {
  readonly #clock: Clock;
  readonly #described = new WeakMap<Presentation, Described>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Answers with the manifest; `aac`: what is there of the sound as AAC, too. Answers the bytes sent. */
  sendManifest(
    presentation: Presentation,
    request: IncomingMessage,
    response: ServerResponse,
    aac?: SegmentTrack,
  ): number {
    const described: Described = this.#described.get(presentation) ?? {
      clock: new PeriodClock(presentation, this.#clock),
      plain: { version: '', document: undefined },
      withAac: { version: '', document: undefined },
    };
    this.#described.set(presentation, described);
    const written = aac ? described.withAac : described.plain;
    const version = versionOf(presentation, aac);
    if (!written.document || written.version !== version) {
      const manifest = manifestOf(presentation, described.clock, this.#clock.wall(), aac);
      written.document = new SharedDocument(formatManifest(manifest), TYPE, `${presentation.id}-d${version}`);
      written.version = version;
    }
    return sendDocument(request, response, written.document, LIFETIME);
  }

  /**
   * The same with the sound as AAC where that can be had, as soon as there is any. Answers the bytes sent. Throws DeliveryError
   * `rendition-unavailable` and those of waiting.
   */
  async sendManifestWithAac(
    presentation: Presentation,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<number> {
    const { aac, longestWait } = presentation;
    if (!aac || (!aac.offered && !aac.track)) return this.sendManifest(presentation, request, response);
    const track = await aac.ready(response, longestWait);
    return track ? this.sendManifest(presentation, request, response, track) : 0;
  }
}

/** What a manifest says depends on nothing else: it is another one with each segment, not with each part. */
function versionOf({ segmenter }: Presentation, aac: SegmentTrack | undefined): string {
  const tracks = [...segmenter.tracks, ...(aac ? [aac] : [])].map(
    (track) =>
      `${track.openSequence}${track.open ? 'o' : ''}${outgrew(track, segmenter.limits) ? 'l' : ''}.${track.window.length}`,
  );
  return `${tracks.join('-')}${segmenter.ended ? 'e' : ''}`;
}
