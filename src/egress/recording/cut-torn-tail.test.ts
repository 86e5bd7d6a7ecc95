import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFixture } from '../../../test/contract/fixtures.ts';
import { TestPublisher } from '../../../test/contract/test-publisher.ts';
import { TestServer } from '../../../test/contract/test-server.ts';
import { eventually } from '../../../test/contract/test-socket.ts';
import { readBoxHeader } from '../../media/mp4/box.ts';
import { ByteReader } from '../../media/mp4/byte-reader.ts';
import { writeChunk } from '../../media/mp4/cmaf-chunk.ts';
import { Mp4Demuxer } from '../../media/mp4/mp4-demuxer.ts';
import { ticks } from '../../media/time.ts';
import { CollectingSink } from '../../media/webm/collecting-sink.ts';
import { cutTornTail } from './cut-torn-tail.ts';

const folder = mkdtempSync(join(tmpdir(), 'headwater-torn-'));
const path = join(folder, 'media.mp4');
let whole: Buffer;
/** Where each box begins, and where each chunk ends. */
let chunkEnds: number[];
let headerEnd = 0;

beforeAll(async () => {
  await using server = await TestServer.start();
  const publisher = await TestPublisher.start(server);
  const bytes = readFixture('webm-h264-opus.webm');
  publisher.send(bytes);
  const id = await publisher.end(bytes.length);
  await eventually(() => server.catalog.told.includes(`completed ${id}`));
  whole = readFileSync(server.recordingPath(String(id)));
  chunkEnds = [];
  for (let at = 0; at < whole.length; ) {
    const { type, size } = readBoxHeader(new ByteReader(whole.subarray(at, at + 16), 'header'));
    if (type === 'free') headerEnd = at + size;
    at += size;
    if (type === 'mdat') chunkEnds.push(at);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const lastEndWithin = (size: number) => chunkEnds.findLast((end) => end <= size) ?? headerEnd;

/** Without the index, which a recording gets from time to time: what follows it is looked at. */
function withoutIndex(): Buffer {
  const bytes = Buffer.from(whole);
  const at = bytes.indexOf('sidx') - 4;
  const size = headerEnd - at;
  bytes.writeUInt32BE(size, at);
  bytes.write('free', at + 4);
  return bytes;
}

describe('a torn recording', () => {
  it('keeps its last chunk where that is only a short packet', async () => {
    const silence = {
      duration: ticks(960),
      compositionOffset: ticks(0),
      data: Uint8Array.of(0xdc, 0xff, 0xfe),
    };
    const header = { trackId: 2, sequence: 1, decodeTime: ticks(48_000 * 60), keyframe: true };
    const last = writeChunk({ ...header, referenceTime: undefined }, [silence]);
    const bytes = Buffer.concat([withoutIndex(), last]);
    writeFileSync(path, bytes);
    expect((await cutTornTail(path)).size).toBe(bytes.length);
  });

  it('is cut behind its last whole chunk, wherever it was torn', async () => {
    const plain = withoutIndex();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: headerEnd, max: plain.length }), async (size) => {
        writeFileSync(path, plain.subarray(0, size));
        const left = await cutTornTail(path);
        expect(left.size).toBe(lastEndWithin(size));
        expect(statSync(path).size).toBe(left.size);
        const sink = new CollectingSink();
        const demuxer = new Mp4Demuxer(sink);
        demuxer.push(new Uint8Array(readFileSync(path)));
        demuxer.end();
      }),
      { numRuns: 40 },
    );
  });

  it('with zeros behind its last write, as a power loss leaves them, is cut before these', async () => {
    const size = chunkEnds[100] ?? 0;
    writeFileSync(path, Buffer.concat([withoutIndex().subarray(0, size), Buffer.alloc(100_000)]));
    expect((await cutTornTail(path)).size).toBe(size);
  });

  it('says how long it is', async () => {
    writeFileSync(path, withoutIndex());
    const { size, duration } = await cutTornTail(path);
    expect(size).toBe(whole.length);
    expect(duration).toBeGreaterThan(7500);
    expect(duration).toBeLessThan(9000);
  });

  it('of 10 GB is cut without reading what its index covers', async () => {
    writeFileSync(path, whole);
    // What the index says is one group of 10 GB: a hole in the file, and a whole chunk and a torn one behind it.
    const large = 2 ** 31 - 1;
    const bytes = Buffer.from(whole.subarray(0, headerEnd));
    const at = bytes.indexOf('sidx') + 4;
    const references = bytes.readUInt16BE(at + 30);
    expect(references).toBeGreaterThanOrEqual(5);
    let end = headerEnd;
    for (let index = 0; index < references; index += 1) {
      bytes.writeUInt32BE(large, at + 32 + index * 12);
      end += large;
    }
    expect(end).toBeGreaterThan(10 * 2 ** 30);
    writeFileSync(path, bytes);
    truncateSync(path, end);
    const tail = whole.subarray(headerEnd, chunkEnds[0]);
    writeFileSync(path, Buffer.concat([tail, tail.subarray(0, 20)]), { flag: 'a' });
    const before = process.resourceUsage().fsRead;
    const left = await cutTornTail(path);
    expect(left.size).toBe(end + tail.length);
    expect(process.resourceUsage().fsRead - before).toBeLessThan(100_000);
  });

  it('that does not begin as a recording is left alone', async () => {
    writeFileSync(path, Buffer.alloc(1000, 7));
    await expect(cutTornTail(path)).rejects.toThrow('does not begin as a recording');
    expect(statSync(path).size).toBe(1000);
  });
});
