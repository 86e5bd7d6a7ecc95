import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { milliseconds } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import { readByteRange } from '../http/byte-range.ts';
import { matchesTag } from '../http/matches-tag.ts';
import { OPEN_TO_ALL } from '../http/open-to-all.ts';
import type { RecordedFile } from './recorded-file.ts';
import type { FileRun, SegmentBytes } from './recorded-media.ts';

/** Media to send, and who may keep it. */
export interface RecordedAnswer {
  readonly bytes: SegmentBytes;
  readonly kind: Track['kind'];
  readonly etag: string;
  readonly cacheControl: string;
}

const BLOCK = 256 * 1024;
/** A client that takes nothing for so long is let go. */
const STALL_TIMEOUT = milliseconds(20_000);

/**
 * Answers with a segment, or the range of it that was asked for, read from the file at the pace of the client: a block is in memory
 * for each, no more. Answers the bytes given to the response, when all are or the client is gone. The file stays its owner's. Throws
 * DeliveryError `range-not-satisfiable`.
 */
export async function sendRecorded(
  request: IncomingMessage,
  response: ServerResponse,
  file: RecordedFile,
  { bytes, kind, etag, cacheControl }: RecordedAnswer,
): Promise<number> {
  const headers = { ...OPEN_TO_ALL, etag, 'cache-control': cacheControl, 'accept-ranges': 'bytes' };
  if (matchesTag(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end();
    return 0;
  }
  const { range: wanted, 'if-range': condition } = request.headers;
  const stale = condition !== undefined && condition !== etag;
  // Of GET alone (RFC 9110 §14.2).
  const range = stale || request.method !== 'GET' ? undefined : readByteRange(wanted, bytes.byteLength);
  const sent = range ? cut(bytes, range.first, range.last - range.first + 1) : bytes;
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'content-type': `${kind}/mp4`,
    'content-length': sent.byteLength,
    ...(range && { 'content-range': `bytes ${range.first}-${range.last}/${bytes.byteLength}` }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return 0;
  }
  response.setTimeout(STALL_TIMEOUT, () => response.destroy());
  let given = 0;
  try {
    for await (const block of blocksOf(file, sent)) {
      if (response.destroyed) return given;
      given += block.byteLength;
      if (!response.write(block)) await drained(response);
    }
    response.end();
  } catch {
    // The length was promised: a file that cannot be read on cannot be told from a lost connection otherwise.
    response.destroy();
  }
  return given;
}

/** That many bytes of a segment, from there on. */
function cut({ head = new Uint8Array(0), runs }: SegmentBytes, first: number, length: number): SegmentBytes {
  const found: FileRun[] = [];
  let skip = Math.max(0, first - head.byteLength);
  const start = head.subarray(first, first + length);
  let rest = length - start.byteLength;
  for (const { offset, size } of runs) {
    const taken = Math.min(rest, Math.max(0, size - skip));
    if (taken > 0) found.push({ offset: offset + skip, size: taken });
    skip = Math.max(0, skip - size);
    rest -= taken;
  }
  return { head: start, runs: found, byteLength: length };
}

/** Small runs are gathered: sound comes in pieces of a kilobyte. */
async function* blocksOf(file: RecordedFile, { head, runs }: SegmentBytes): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = head ? [head] : [];
  let size = head?.byteLength ?? 0;
  for (const run of runs) {
    for (let done = 0; done < run.size; ) {
      const piece = await file.read(run.offset + done, Math.min(BLOCK, run.size - done));
      if (piece.byteLength === 0) throw new Error('the recording became shorter');
      done += piece.byteLength;
      gathered.push(piece);
      size += piece.byteLength;
      if (size < BLOCK) continue;
      yield Buffer.concat(gathered);
      gathered = [];
      size = 0;
    }
  }
  if (size > 0) yield Buffer.concat(gathered);
}

async function drained(response: ServerResponse): Promise<void> {
  const ended = new AbortController();
  const { signal } = ended;
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  } finally {
    ended.abort();
  }
}
