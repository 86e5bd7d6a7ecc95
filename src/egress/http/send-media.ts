import type { IncomingMessage, ServerResponse } from 'node:http';
import { milliseconds } from '../../media/time.ts';
import { readByteRange } from './byte-range.ts';
import { matchesTag } from './matches-tag.ts';
import { OPEN_TO_ALL } from './open-to-all.ts';

/** Bytes that are in memory once, for all who ask for them. */
export interface SharedMedia {
  readonly pieces: readonly Uint8Array[];
  readonly byteLength: number;
  /** Nothing else ever has it. */
  readonly etag: string;
  readonly type: 'video/mp4' | 'audio/mp4';
  /** Nobody holds it any more but who is still being sent it. */
  released(): boolean;
}

const IMMUTABLE = 'public, max-age=31536000, immutable';
/** A client that takes nothing for so long is let go. */
const STALL_TIMEOUT = milliseconds(20_000);

/**
 * Answers with media or with the range of it that was asked for, from the shared bytes and at the pace of the client: one
 * that is so slow that they are to be released is cut off. Answers the bytes to be sent. Throws DeliveryError.
 */
export function sendMedia(request: IncomingMessage, response: ServerResponse, media: SharedMedia): number {
  const { byteLength, etag, type } = media;
  const headers = { ...OPEN_TO_ALL, etag, 'cache-control': IMMUTABLE, 'accept-ranges': 'bytes' };
  if (matchesTag(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end();
    return 0;
  }
  const { 'if-range': condition } = request.headers;
  const stale = condition !== undefined && condition !== etag;
  // Of GET alone (RFC 9110 §14.2).
  const range =
    stale || request.method !== 'GET' ? undefined : readByteRange(request.headers.range, byteLength);
  const { first, last } = range ?? { first: 0, last: byteLength - 1 };
  const length = last - first + 1;
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'content-type': type,
    'content-length': length,
    ...(range && { 'content-range': `bytes ${first}-${last}/${byteLength}` }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return 0;
  }
  new MediaSender(response, range ? cut(media.pieces, first, length) : media.pieces, media).pump();
  return length;
}

/** Sends pieces as fast as they are taken. Ends with the response. */
class MediaSender {
  readonly #response: ServerResponse;
  readonly #pieces: readonly Uint8Array[];
  readonly #media: SharedMedia;
  #next = 0;
  #slow = false;

  constructor(response: ServerResponse, pieces: readonly Uint8Array[], media: SharedMedia) {
    this.#response = response;
    this.#pieces = pieces;
    this.#media = media;
  }

  readonly pump = (): void => {
    const response = this.#response;
    if (this.#slow && this.#media.released()) {
      response.destroy();
      return;
    }
    response.cork();
    let taken = true;
    while (taken && this.#next < this.#pieces.length) {
      const piece = this.#pieces[this.#next];
      this.#next += 1;
      if (piece) taken = response.write(piece);
    }
    if (this.#next >= this.#pieces.length) response.end();
    else if (!this.#slow) this.#waitForDrain();
    response.uncork();
  };

  #waitForDrain(): void {
    this.#slow = true;
    this.#response.on('drain', this.pump);
    this.#response.setTimeout(STALL_TIMEOUT, () => this.#response.destroy());
  }
}

function cut(pieces: readonly Uint8Array[], first: number, length: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  let skip = first;
  let rest = length;
  for (const piece of pieces) {
    if (skip >= piece.byteLength) {
      skip -= piece.byteLength;
      continue;
    }
    if (rest === 0) break;
    const taken = piece.subarray(skip, skip + rest);
    found.push(taken);
    skip = 0;
    rest -= taken.byteLength;
  }
  return found;
}
