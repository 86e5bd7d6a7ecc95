import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readByteRange } from './byte-range.ts';
import { DeliveryError } from './delivery-error.ts';
import { SharedDocument, sendDocument } from './send-document.ts';
import { type SharedMedia, sendMedia } from './send-media.ts';

let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let url: string;

beforeEach(async () => {
  server = createServer((request, response) => answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** Pieces of 3 bytes: 0 1 2, 3 4 5, … */
function mediaOf(pieces: number, more: Partial<SharedMedia> = {}): SharedMedia {
  return {
    pieces: Array.from({ length: pieces }, (_, index) =>
      Uint8Array.of(3 * index, 3 * index + 1, 3 * index + 2),
    ),
    byteLength: 3 * pieces,
    etag: '"m1"',
    type: 'video/mp4',
    released: () => false,
    ...more,
  };
}

describe('media', () => {
  beforeEach(() => {
    answer = (request, response) => {
      try {
        sendMedia(request, response, mediaOf(4));
      } catch (error) {
        if (!(error instanceof DeliveryError)) throw error;
        response.writeHead(error.status, error.headers).end(error.code);
      }
    };
  });

  it('is sent whole, for whoever asks and for good', async () => {
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'access-control-allow-origin': '*',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-length': '12',
      'content-type': 'video/mp4',
      etag: '"m1"',
    });
    expect(response.headers.has('set-cookie')).toBe(false);
  });

  it.each([
    ['bytes=0-0', [0], '0-0'],
    ['bytes=2-3', [2, 3], '2-3'],
    ['bytes=4-7', [4, 5, 6, 7], '4-7'],
    ['bytes=10-', [10, 11], '10-11'],
    ['bytes=-5', [7, 8, 9, 10, 11], '7-11'],
    ['bytes=0-9007199254740991', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], '0-11'],
  ])('is sent in part: %s', async (range, expected, named) => {
    const response = await fetch(url, { headers: { range } });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${named}/12`);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual(expected);
  });

  it.each(['bytes=12-', 'bytes=5-4', 'bytes=-0', 'bytes=', 'bytes=-', 'bytes=a-b', 'bytes=1'])(
    'is refused for a range that is none: %s',
    async (range) => {
      const response = await fetch(url, { headers: { range } });
      expect([response.status, await response.text()]).toEqual([416, 'range-not-satisfiable']);
      expect(response.headers.get('content-range')).toBe('bytes */12');
    },
  );

  it('is sent whole for several ranges, other units, and a range of something else', async () => {
    for (const headers of [
      { range: 'bytes=0-1, 4-5' },
      { range: 'items=0-1' },
      { range: 'bytes=0-1', 'if-range': '"old"' },
    ]) {
      expect((await fetch(url, { headers })).status).toBe(200);
    }
    expect((await fetch(url, { headers: { range: 'bytes=0-1', 'if-range': '"m1"' } })).status).toBe(206);
  });

  it('is not sent to who has it, or asks for its headers', async () => {
    const known = await fetch(url, { headers: { 'if-none-match': '"x", W/"m1"' } });
    expect([known.status, await known.text()]).toEqual([304, '']);
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.headers.get('content-length'), await head.text()]).toEqual(['12', '']);
    // Ranges are of GET (RFC 9110 §14.2).
    const part = await fetch(url, { method: 'HEAD', headers: { range: 'bytes=0-0' } });
    expect([part.status, part.headers.get('content-length')]).toEqual([200, '12']);
  });
});

describe('a slow reader', () => {
  const MEBIBYTE = 1024 * 1024;

  async function openSlowReader(media: SharedMedia): Promise<{ socket: Socket; response: ServerResponse }> {
    const answered = new Promise<ServerResponse>((settle) => {
      answer = (request, response) => {
        sendMedia(request, response, media);
        settle(response);
      };
    });
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    return { socket, response: await answered };
  }

  it('is not given more than its connection takes', async () => {
    const piece = new Uint8Array(MEBIBYTE);
    const pieces = Array.from({ length: 64 }, () => piece);
    const { socket, response } = await openSlowReader(mediaOf(0, { pieces, byteLength: 64 * MEBIBYTE }));
    expect(response.writableLength).toBeLessThanOrEqual(2 * MEBIBYTE);
    socket.destroy();
    await once(response, 'close');
  });

  it('is cut off when what it reads is released', async () => {
    const pieces = Array.from({ length: 64 }, () => new Uint8Array(MEBIBYTE));
    let released = false;
    const media = mediaOf(0, { pieces, byteLength: 64 * MEBIBYTE, released: () => released });
    const { socket, response } = await openSlowReader(media);
    released = true;
    socket.resume();
    await once(response, 'close');
    expect(response.writableFinished).toBe(false);
    socket.destroy();
  });
});

describe('a document', () => {
  const document = new SharedDocument('#EXTM3U\n', 'application/vnd.apple.mpegurl', 'v1');

  beforeEach(() => {
    answer = (request, response) => sendDocument(request, response, document, 'public, max-age=1');
  });

  it('is sent compressed where that is accepted, each with an entity tag of its own', async () => {
    const [plain, gzip] = await Promise.all([
      fetch(url, { headers: { 'accept-encoding': 'identity' } }),
      fetch(url, { headers: { 'accept-encoding': 'br, gzip' } }),
    ]);
    expect([plain.headers.get('etag'), gzip.headers.get('etag')]).toEqual(['"v1"', '"v1-gzip"']);
    expect([plain.headers.get('content-encoding'), gzip.headers.get('content-encoding')]).toEqual([
      null,
      'gzip',
    ]);
    expect([await plain.text(), await gzip.text()]).toEqual(['#EXTM3U\n', '#EXTM3U\n']);
    expect(plain.headers.get('vary')).toBe('accept-encoding');
    expect(plain.headers.get('cache-control')).toBe('public, max-age=1');
    expect(gunzipSync(document.compressed).toString()).toBe('#EXTM3U\n');
    expect(document.compressed).toBe(document.compressed);
  });

  it.each(['gzip', '*', 'br;q=0, GZIP ; q=0.5', '*;q=0, gzip', 'gzip;q=1.000'])(
    'is compressed for who takes that: %j',
    async (accepted) => {
      const response = await fetch(url, { headers: { 'accept-encoding': accepted } });
      expect(response.headers.get('content-encoding')).toBe('gzip');
    },
  );

  it.each(['gzip;q=0', 'gzip; q=0.0', 'gzip;q=0, *', '*, gzip;q=0', '*;q=0', 'br', 'x-gzip2', ''])(
    'is sent plain where gzip is not: %j',
    async (accepted) => {
      const response = await fetch(url, { headers: { 'accept-encoding': accepted } });
      expect(response.headers.get('content-encoding')).toBe(null);
    },
  );

  it('is not sent to who has this version, or asks for its headers', async () => {
    const headers = { 'accept-encoding': 'identity', 'if-none-match': '"v1"' };
    expect((await fetch(url, { headers })).status).toBe(304);
    expect((await fetch(url, { headers: { ...headers, 'if-none-match': '"v0"' } })).status).toBe(200);
    expect(await (await fetch(url, { method: 'HEAD' })).text()).toBe('');
  });
});

it('reads no range where there is none', () => {
  expect(readByteRange(undefined, 5)).toBeUndefined();
});
