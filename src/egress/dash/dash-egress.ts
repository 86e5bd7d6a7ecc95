import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../channel/clock.ts';
import { formatManifest } from '../../media/dash/format-manifest.ts';
import type { Presentation } from '../http/presentation.ts';
import { SharedDocument, sendDocument } from '../http/send-document.ts';
import { manifestOf, outgrew } from './manifest-of.ts';
import { PeriodClock } from './period-clock.ts';

const TYPE = 'application/dash+xml';
/** Players ask again by themselves; a cache in between may spare the server those of a second. */
const LIVE = 'public, max-age=0, s-maxage=1';
/** After the end it changes no more, but goes. */
const ENDED = 'public, max-age=60';

/** What is kept of a presentation. */
interface Described {
  readonly clock: PeriodClock;
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

  /** Answers with the manifest. Answers the bytes sent. */
  sendManifest(presentation: Presentation, request: IncomingMessage, response: ServerResponse): number {
    const described: Described = this.#described.get(presentation) ?? {
      clock: new PeriodClock(presentation),
      version: '',
      document: undefined,
    };
    this.#described.set(presentation, described);
    const version = versionOf(presentation);
    if (!described.document || described.version !== version) {
      const manifest = manifestOf(presentation, described.clock, this.#clock.wall());
      described.document = new SharedDocument(
        formatManifest(manifest),
        TYPE,
        `${presentation.id}-d${version}`,
      );
      described.version = version;
    }
    return sendDocument(request, response, described.document, presentation.ended ? ENDED : LIVE);
  }
}

/** What a manifest says depends on nothing else: it is another one with each segment, not with each part. */
function versionOf({ segmenter }: Presentation): string {
  const tracks = segmenter.tracks.map(
    (track) =>
      `${track.openSequence}${track.open ? 'o' : ''}${outgrew(track, segmenter.limits) ? 'l' : ''}.${track.window.length}`,
  );
  return `${tracks.join('-')}${segmenter.ended ? 'e' : ''}`;
}
