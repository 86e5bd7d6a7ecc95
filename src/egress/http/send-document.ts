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

  /** Bytes in memory. */
  get heldBytes(): number {
    return this.body.byteLength + (this.#compressed?.byteLength ?? 0);
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

/** RFC 9110 §12.5.3: gzip as it is listed, else as all others are. */
function acceptsGzip(header: string | string[] | undefined): boolean {
  if (typeof header !== 'string') return false;
  const weights = new Map<string, boolean>();
  for (const entry of header.split(',')) {
    const [, coding, weight] = ENCODING.exec(entry) ?? [];
    if (coding !== undefined) weights.set(coding.toLowerCase(), weight === undefined || Number(weight) > 0);
  }
  return weights.get('gzip') ?? weights.get('*') ?? false;
}

const ENCODING = /^\s*([^\s;]+)\s*(?:;\s*q=([01]?(?:\.\d{0,3})?)\s*)?$/i;
