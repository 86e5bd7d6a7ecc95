import { createReadStream, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Answers with an MP4 file from the byte on that a browser asks for, and answers which one that is. */
export function sendRange(path: string, request: IncomingMessage, response: ServerResponse): number {
  const { size } = statSync(path);
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  response.writeHead(206, {
    'content-type': 'video/mp4',
    'accept-ranges': 'bytes',
    'content-range': `bytes ${start}-${size - 1}/${size}`,
    'content-length': size - start,
  });
  createReadStream(path, { start }).pipe(response);
  return start;
}
