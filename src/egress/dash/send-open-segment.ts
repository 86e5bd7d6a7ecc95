import type { IncomingMessage, ServerResponse } from 'node:http';
import { milliseconds } from '../../media/time.ts';
import type { Segment } from '../../package/segment.ts';
import { matchesTag } from '../http/matches-tag.ts';
import { OPEN_TO_ALL } from '../http/open-to-all.ts';
import type { Presentation, TrackName } from '../http/presentation.ts';

const IMMUTABLE = 'public, max-age=31536000, immutable';
/** A response on which nothing was sent for so long is cut off: its client takes nothing, or nothing comes. */
const STALL_TIMEOUT = milliseconds(20_000);
/** A box of nothing (ISO/IEC 14496-12 §8.1.2): what a segment is for which there is no media. */
const NOTHING = Uint8Array.of(0, 0, 0, 8, 0x66, 0x72, 0x65, 0x65);

/**
 * Answers with a segment that is not complete, chunk by chunk as they are made, or with the next one, once it has begun; and
 * with nothing for a gap, which has a number too. Answers the bytes sent, when all are, and undefined for any other segment:
 * nothing is sent then. Throws DeliveryError `not-in-time` and `too-many-waiting`.
 */
export async function sendOpenSegment(
  presentation: Presentation,
  name: TrackName,
  sequence: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<number | undefined> {
  const { waiting, longestWait, aac } = presentation;
  const track = presentation.track(name);
  if (!track) return undefined;
  const over = () => presentation.endedOf(name) || (name === 'aac' && aac?.failed === true);
  const isNext = sequence === track.openSequence + (track.open ? 1 : 0);
  if (isNext && !over()) {
    const begun = () => track.segment(sequence) !== undefined || over();
    if (!(await waiting.wait(begun, longestWait, response))) return 0;
  }
  const segment = track.segment(sequence);
  if (!segment || (segment.complete && !segment.gap)) return undefined;
  if (!segment.complete && request.httpVersion === '1.0') {
    // Without chunked transfer nobody can tell the end from a lost connection: a proxy would keep half a segment for good.
    const complete = await waiting.wait(() => segment.complete, longestWait, response);
    return complete ? undefined : 0;
  }
  const etag = `"${presentation.id}-${name}-s${sequence}"`;
  const headers = { ...OPEN_TO_ALL, etag, 'cache-control': IMMUTABLE };
  if (matchesTag(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end();
    return 0;
  }
  response.writeHead(200, {
    ...headers,
    'content-type': name === 'video' ? 'video/mp4' : 'audio/mp4',
    ...(segment.gap && { 'content-length': NOTHING.byteLength }),
  });
  if (request.method === 'HEAD' || segment.gap) {
    response.end(request.method === 'HEAD' ? undefined : NOTHING);
    return request.method === 'HEAD' ? 0 : NOTHING.byteLength;
  }
  return await new OpenSegmentSender(presentation, name, segment, response).sent;
}

/** Sends the chunks of a segment as fast as they come and are taken: shared bytes, none of them kept for a client. */
class OpenSegmentSender {
  /** Settles with the bytes sent, when the response has ended or its client is gone. */
  readonly sent: Promise<number>;
  readonly #presentation: Presentation;
  readonly #name: TrackName;
  readonly #segment: Segment;
  readonly #response: ServerResponse;
  readonly #leave: () => void;
  readonly #settle: (bytes: number) => void;
  #next = 0;
  #bytes = 0;
  #full = false;

  constructor(presentation: Presentation, name: TrackName, segment: Segment, response: ServerResponse) {
    this.#presentation = presentation;
    this.#name = name;
    this.#segment = segment;
    this.#response = response;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.sent = promise;
    this.#settle = resolve;
    this.#leave = presentation.onAppended(name, () => {
      if (!this.#full) this.#pump();
    });
    response.on('drain', this.#onDrain);
    response.once('close', this.#onClose);
    response.setTimeout(STALL_TIMEOUT, () => response.destroy());
    this.#pump();
  }

  readonly #onDrain = (): void => {
    this.#full = false;
    // One that is so slow that nobody else holds these bytes any more would be the only one who does.
    if (this.#presentation.track(this.#name)?.segment(this.#segment.sequence) === this.#segment) this.#pump();
    else this.#response.destroy();
  };

  readonly #onClose = (): void => {
    this.#leave();
    this.#response.off('drain', this.#onDrain);
    this.#settle(this.#bytes);
  };

  #pump(): void {
    const response = this.#response;
    const { chunks } = this.#segment;
    if (response.writableEnded || response.destroyed) return;
    response.cork();
    while (!this.#full && this.#next < chunks.length) {
      const bytes = chunks[this.#next]?.bytes;
      this.#next += 1;
      if (!bytes) continue;
      this.#bytes += bytes.byteLength;
      this.#full = !response.write(bytes);
    }
    if (this.#segment.complete && this.#next >= chunks.length) response.end();
    response.uncork();
  }
}
