import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { matchesTag } from './matches-tag.ts';
import { OPEN_TO_ALL } from './open-to-all.ts';

/** A playlist or a manifest: made once and compressed once for all who ask for it. */
export class SharedDocument {
  readonly type: string;
  readonly body: Buffer;
  readonly #etag: string;
  #compressed: Buffer | undefined;

  /** `version`: nothing else ever has it; safe in an entity tag. */
  constructor(text: string, type: string, version: string) {
    this.type = type;
    this.body = Buffer.from(text);
    this.#etag = `"${version}"`;
  }

  /** An entity tag is of one encoding. */
  etag(compressed: boolean): string {
    return compressed ? `${this.#etag.slice(0, -1)}-gzip"` : this.#etag;
  }

  /** With gzip. */
  get compressed(): Buffer {
    this.#compressed ??= gzipSync(this.body);
    return this.#compressed;
  }
}

/** Answers with a document, with gzip where that is accepted, or says that the client has it. Answers the bytes sent. */
export function sendDocument(
  request: IncomingMessage,
  response: ServerResponse,
  document: SharedDocument,
  cacheControl: string,
): number {
  const compressed = acceptsGzip(request.headers['accept-encoding']);
  const etag = document.etag(compressed);
  const headers = { ...OPEN_TO_ALL, etag, 'cache-control': cacheControl, vary: 'accept-encoding' };
  if (matchesTag(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end();
    return 0;
  }
  const body = compressed ? document.compressed : document.body;
  response.writeHead(200, {
    ...headers,
    'content-type': document.type,
    'content-length': body.byteLength,
    ...(compressed && { 'content-encoding': 'gzip' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  return request.method === 'HEAD' ? 0 : body.byteLength;
}

/** RFC 9110 §12.5.3, for what players say: a list with gzip in it that is not refused. */
function acceptsGzip(header: string | string[] | undefined): boolean {
  return (
    typeof header === 'string' &&
    /(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?:1|0?\.0*[1-9])[\d.]*\s*)?(?:,|$)/i.test(header)
  );
}
