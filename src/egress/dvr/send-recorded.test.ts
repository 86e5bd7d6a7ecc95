import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryError } from '../http/delivery-error.ts';
import type { RecordedFile } from './recorded-file.ts';
import type { SegmentBytes } from './recorded-media.ts';
import { sendRecorded } from './send-recorded.ts';

const MEBIBYTE = 1024 * 1024;

/** A file in which each byte tells its own place. Counts what is read of it. */
class CountedFile {
  read = async (position: number, length: number): Promise<Uint8Array> => {
    this.bytesRead += length;
    if (length > 1000) return new Uint8Array(length);
    return Uint8Array.from({ length }, (_, index) => (position + index) % 251);
  };
  bytesRead = 0;
}

/** Three bytes that were made for it, and then six of the file, in two places. */
const SEGMENT: SegmentBytes = {
  head: Uint8Array.of(255, 254, 253),
  runs: [
    { offset: 10, size: 4 },
    { offset: 100, size: 2 },
  ],
  byteLength: 9,
};
const WHOLE = [255, 254, 253, 10, 11, 12, 13, 100, 101];

let file: CountedFile;
let bytes: SegmentBytes;
let server: Server;
let url: string;
let sent: Promise<number | string>;

beforeEach(async () => {
  file = new CountedFile();
  bytes = SEGMENT;
  server = createServer((request, response) => {
    const answer = { bytes, kind: 'video', etag: '"s"', cacheControl: 'public' } as const;
    sent = sendRecorded(request, response, file as unknown as RecordedFile, answer).catch(
      (error: DeliveryError) => {
        response.writeHead(error.status, error.headers).end(error.code);
        return error.code;
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

describe('a recorded segment', () => {
  it('is sent whole, with its length', async () => {
    const answer = await fetch(url);
    expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual(WHOLE);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'content-length': '9',
      'content-type': 'video/mp4',
    });
    expect(await sent).toBe(9);
  });

  it('is sent in part, wherever that begins and ends', async () => {
    for (let first = 0; first < 9; first += 1) {
      for (let last = first; last < 9; last += 1) {
        const answer = await fetch(url, { headers: { range: `bytes=${first}-${last}` } });
        expect([answer.status, answer.headers.get('content-range')]).toEqual([
          206,
          `bytes ${first}-${last}/9`,
        ]);
        expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual(WHOLE.slice(first, last + 1));
      }
    }
  });

  it.each(['bytes=9-', 'bytes=5-4', 'bytes=x'])('is refused for a range that is none: %s', async (range) => {
    const answer = await fetch(url, { headers: { range } });
    expect([answer.status, answer.headers.get('content-range')]).toEqual([416, 'bytes */9']);
    expect(file.bytesRead).toBe(0);
  });

  it('is not read for who has it, or asks for its headers', async () => {
    expect((await fetch(url, { headers: { 'if-none-match': '"s"' } })).status).toBe(304);
    expect((await fetch(url, { method: 'HEAD' })).headers.get('content-length')).toBe('9');
    const other = await fetch(url, { method: 'HEAD', headers: { range: 'bytes=0-0', 'if-range': '"old"' } });
    expect(other.status).toBe(200);
    // Ranges are of GET (RFC 9110 §14.2).
    const part = await fetch(url, { method: 'HEAD', headers: { range: 'bytes=0-0' } });
    expect([part.status, part.headers.get('content-length')]).toEqual([200, '9']);
    expect(file.bytesRead).toBe(0);
  });

  it('is read at the pace of a slow client, and no more when that is gone', async () => {
    bytes = { head: undefined, runs: [{ offset: 0, size: 64 * MEBIBYTE }], byteLength: 64 * MEBIBYTE };
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const asked = once(server, 'request');
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    const [, response] = await asked;
    // It waits as soon as the connection has taken what it can hold.
    while (!response.writableNeedDrain) await new Promise((settle) => setImmediate(settle));
    const read = file.bytesRead;
    expect(read).toBeLessThan(16 * MEBIBYTE);
    socket.destroy();
    // What was never read was never sent: it must not count as traffic.
    expect(await sent).toBeLessThan(20 * MEBIBYTE);
    expect(file.bytesRead).toBeLessThan(20 * MEBIBYTE);
  });
});
