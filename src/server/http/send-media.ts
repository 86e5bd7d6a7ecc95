import { open } from 'node:fs/promises';
import { matchesTag } from '../../egress/http/matches-tag.ts';
import { attachment } from './content-disposition.ts';
import type { HttpReply, HttpRequest } from './http.ts';
import { HttpError } from './http-error.ts';

/** A file to send. */
export interface MediaFile {
  readonly file: string;
  /** Part of its entity tag. */
  readonly id: string;
  readonly type: string;
  /** Save it under this name instead of showing it. */
  readonly download?: string;
}

/** First and last byte. */
interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Answers with a file, or with the one range of it that was asked for (RFC 9110 §14), as long as it is now: a file that
 * grows has another entity tag at every length. Several ranges at once are answered with the whole file.
 */
export async function sendMedia(
  request: HttpRequest,
  reply: HttpReply,
  media: MediaFile,
): Promise<HttpReply> {
  const handle = await open(media.file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new HttpError(404, 'media-missing', 'The file of this recording is gone from the data folder.');
  });
  let streaming = false;
  try {
    const { size, mtime } = await handle.stat();
    // The head of a file that is being recorded is written over: its size alone does not tell two states apart.
    const etag = `"${media.id}-${size.toString(36)}-${Math.round(mtime.getTime()).toString(36)}"`;
    reply.header('accept-ranges', 'bytes').header('etag', etag).header('last-modified', mtime.toUTCString());
    reply.header('cache-control', 'private, no-cache').type(media.type);
    if (media.download) reply.header('content-disposition', attachment(media.download));
    if (matchesTag(request.headers['if-none-match'], etag)) return await reply.code(304).send();
    const range = readRange(request, size, etag, mtime);
    if (range === 'unsatisfiable') {
      const message = `The file has ${size} bytes; none of them is in the range.`;
      throw new HttpError(416, 'range-not-satisfiable', message, { 'content-range': `bytes */${size}` });
    }
    const { first, last } = range ?? { first: 0, last: size - 1 };
    if (range) reply.code(206).header('content-range', `bytes ${first}-${last}/${size}`);
    reply.header('content-length', last - first + 1);
    if (request.method === 'HEAD' || last < first) return await reply.send('');
    streaming = true;
    return await reply.send(handle.createReadStream({ start: first, end: last, highWaterMark: 256 * 1024 }));
  } finally {
    // The stream closes the handle when it ends or when the client goes away.
    if (!streaming) await handle.close();
  }
}

/** The range to send; undefined for the whole file. */
function readRange(
  request: HttpRequest,
  size: number,
  etag: string,
  mtime: Date,
): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(request.headers.range ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const condition = request.headers['if-range'];
  if (condition !== undefined && condition !== etag && condition !== mtime.toUTCString()) return undefined;
  if (match[1] === '') {
    const suffix = Math.min(Number(match[2]), size);
    return suffix === 0 ? 'unsatisfiable' : { first: size - suffix, last: size - 1 };
  }
  const first = Number(match[1]);
  const last = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[2] !== '' && Number(match[2]) < first) return undefined;
  return first >= size ? 'unsatisfiable' : { first, last };
}
