import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes } from '../time.ts';
import { ChunkStreamReader } from './chunk-stream-reader.ts';
import { ChunkStreamWriter } from './chunk-stream-writer.ts';
import { readCommand, writeCommand } from './command.ts';
import {
  MESSAGE,
  type RtmpMessage,
  readNumberMessage,
  readUserControl,
  USER_CONTROL,
  writeNumberMessage,
  writePeerBandwidth,
  writeUserControl,
} from './message.ts';
import { RtmpError } from './rtmp-error.ts';

const LIMITS = { maxMessage: bytes(100_000), maxStreams: 8 };

function readAll(pieces: readonly Uint8Array[], limits = LIMITS): RtmpMessage[] {
  const messages: RtmpMessage[] = [];
  const reader = new ChunkStreamReader((message) => messages.push(message), limits);
  for (const piece of pieces) reader.push(piece);
  return messages;
}

const join = (parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const codeOf = (pieces: readonly Uint8Array[]): string | undefined => {
  try {
    readAll(pieces);
  } catch (error) {
    return (error as RtmpError).code;
  }
  return undefined;
};

describe('the examples of the specification', () => {
  it('writes four short messages of audio as §5.3.2.1 has them', () => {
    const writer = new ChunkStreamWriter();
    const payload = new Uint8Array(32).fill(7);
    const written = [1000, 1020, 1040, 1060].map((timestamp) =>
      join(writer.write(3, { type: MESSAGE.audio, streamId: 12_345, timestamp, payload })),
    );
    expect(written.map((chunk) => chunk.length)).toEqual([44, 36, 33, 33]);
    expect([...(written[0] ?? new Uint8Array()).subarray(0, 12)]).toEqual([
      ...[0x03, 0x00, 0x03, 0xe8, 0x00, 0x00, 0x20, 0x08],
      ...[0x39, 0x30, 0x00, 0x00],
    ]);
    expect([...(written[1] ?? new Uint8Array()).subarray(0, 4)]).toEqual([0x83, 0x00, 0x00, 0x14]);
    expect(written[2]?.[0]).toBe(0xc3);
    expect(readAll(written).map(({ timestamp }) => timestamp)).toEqual([1000, 1020, 1040, 1060]);
  });

  it('splits a message of 307 bytes as §5.3.2.2 has it', () => {
    const payload = Uint8Array.from({ length: 307 }, (_, index) => index);
    const message = { type: MESSAGE.video, streamId: 12_346, timestamp: 1000, payload };
    const parts = new ChunkStreamWriter().write(4, message);
    expect(parts.map((part) => part.length)).toEqual([12, 128, 1, 128, 1, 51]);
    expect(parts[2]?.[0]).toBe(0xc4);
    expect(readAll([join(parts)])).toEqual([message]);
  });
});

const message = fc.record({
  chunkStream: fc.constantFrom(3, 4, 63, 64, 319, 320, 65_599),
  type: fc.constantFrom(MESSAGE.audio, MESSAGE.video, MESSAGE.dataAmf0),
  streamId: fc.constantFrom(0, 1, 0x0102_0304),
  timestamp: fc.oneof(fc.nat(100_000), fc.integer({ min: 0xfffff0, max: 0x100000f }), fc.nat(0xffffffff)),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 100, max: 3000 }).map((length) => new Uint8Array(length).fill(length)),
  ),
});

it('reads back any messages that were written, in any slicing, whatever the chunk sizes', () => {
  const step = fc.oneof(message, fc.integer({ min: 1, max: 5000 }));
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 20 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 700 })),
      (steps, slices) => {
        const writer = new ChunkStreamWriter();
        const written = join(
          steps.flatMap((one) =>
            typeof one === 'number' ? writer.setChunkSize(one) : writer.write(one.chunkStream, one),
          ),
        );
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < written.length; ) {
          const length = slices.next().value ?? 1;
          pieces.push(written.subarray(at, at + length));
          at += length;
        }
        const expected = steps.flatMap((one) => {
          if (typeof one === 'number') return [];
          const { chunkStream: _, ...rest } = one;
          return [rest];
        });
        expect(readAll(pieces).filter(({ type }) => type !== MESSAGE.setChunkSize)).toEqual(expected);
      },
    ),
  );
});

it('reads chunks of messages that are interleaved', () => {
  const long = { type: MESSAGE.video, streamId: 1, timestamp: 0, payload: new Uint8Array(300).fill(1) };
  const short = { type: MESSAGE.audio, streamId: 1, timestamp: 5, payload: new Uint8Array(10).fill(2) };
  const [header, first, ...rest] = new ChunkStreamWriter().write(4, long);
  const between = new ChunkStreamWriter().write(5, short);
  const parts = [header, first, ...between, ...rest].flatMap((part) => part ?? []);
  expect(readAll(parts)).toEqual([short, long]);
});

it('reads chunks of a sender that does not repeat the extended timestamp', () => {
  const payload = new Uint8Array(200).fill(9);
  const sent = { type: MESSAGE.video, streamId: 1, timestamp: 0x2000000, payload };
  const parts = new ChunkStreamWriter().write(4, sent);
  const shortened = parts.map((part, index) => (index === 2 ? part.subarray(0, 1) : part));
  expect(parts[2]).toHaveLength(5);
  expect(readAll(shortened)).toEqual([sent]);
});

it('reads a chunk stream that begins with type 1, as librtmp has it, but none that lacks more', () => {
  const ping = [0x42, 0, 0, 5, 0, 0, 6, MESSAGE.userControl, 0, 7, 0, 0, 0, 1];
  expect(readAll([Uint8Array.from(ping)])).toEqual([
    { type: MESSAGE.userControl, streamId: 0, timestamp: 5, payload: Uint8Array.of(0, 7, 0, 0, 0, 1) },
  ]);
  expect(() => readAll([Uint8Array.of(0x82, 0, 0, 5, 1)])).toThrow('begins with a chunk of type 2');
});

it('forgets a message that is aborted', () => {
  const writer = new ChunkStreamWriter();
  const parts = writer.write(4, { type: 9, streamId: 1, timestamp: 0, payload: new Uint8Array(300) });
  const abort = writer.write(2, writeNumberMessage(MESSAGE.abort, 4));
  const next = { type: 9, streamId: 1, timestamp: 40, payload: new Uint8Array(20) };
  const messages = readAll([...parts.slice(0, 2), ...abort, ...writer.write(4, next)]);
  expect(messages.map(({ type }) => type)).toEqual([MESSAGE.abort, MESSAGE.video]);
});

describe('refuses', () => {
  const header = (...rest: number[]) => [Uint8Array.of(...rest)];

  it('a message that is larger than allowed, before it comes', () => {
    expect(codeOf(header(3, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0))).toBe('rtmp-message-too-large');
  });

  it('unfinished messages that are larger together', () => {
    const begin = (id: number) => {
      const parts = new ChunkStreamWriter();
      const size = parts.setChunkSize(60_000);
      return {
        size,
        first: parts.write(id, { type: 9, streamId: 1, timestamp: 0, payload: new Uint8Array(90_000) }),
      };
    };
    const [a, b] = [begin(4), begin(5)];
    expect(codeOf([...a.size, ...a.first.slice(0, 2), ...b.first.slice(0, 2)])).toBe(
      'rtmp-message-too-large',
    );
  });

  it('more chunk streams than anybody uses', () => {
    const writer = new ChunkStreamWriter();
    const streams = Array.from({ length: 9 }, (_, index) =>
      writer.write(10 + index, { type: 9, streamId: 1, timestamp: 0, payload: new Uint8Array(1) }),
    );
    expect(codeOf(streams.flat())).toBe('rtmp-too-many-streams');
  });

  it('a chunk stream that does not begin with a whole header, and a header in the middle of a message', () => {
    expect(codeOf(header(0xc3))).toBe('rtmp-chunk-malformed');
    const [first = new Uint8Array(), data = new Uint8Array()] = new ChunkStreamWriter().write(4, {
      ...{ type: 9, streamId: 1, timestamp: 0, payload: new Uint8Array(300) },
    });
    expect(codeOf([first, data, first])).toBe('rtmp-chunk-malformed');
  });

  it('a chunk size of nothing', () => {
    expect(codeOf(new ChunkStreamWriter().write(2, writeNumberMessage(MESSAGE.setChunkSize, 0)))).toBe(
      'rtmp-chunk-malformed',
    );
  });
});

it('writes the same of a message in two pieces, wherever they part', () => {
  fc.assert(
    fc.property(message, fc.nat(), fc.integer({ min: 1, max: 300 }), (one, where, chunkSize) => {
      const part = where % (one.payload.length + 1);
      const [whole, parted] = [
        one,
        { ...one, payload: one.payload.subarray(0, part), rest: one.payload.subarray(part) },
      ].map((written) => {
        const writer = new ChunkStreamWriter();
        writer.setChunkSize(chunkSize);
        return join(writer.write(one.chunkStream, written));
      });
      expect(parted).toEqual(whole);
    }),
  );
});

it('ends any bytes with messages or with an error by name, and holds no more than it was sent', () => {
  const seeds = fc.tuple(
    fc.array(message, { maxLength: 6 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
  );
  const given = fc.oneof(
    fc.uint8Array({ maxLength: 3000 }),
    seeds.map(([messages, changes]) => {
      const writer = new ChunkStreamWriter();
      const written = join(messages.flatMap((one) => writer.write(one.chunkStream, one)));
      for (const [at, byte] of changes) written[at % Math.max(1, written.length)] = byte;
      return written;
    }),
  );
  fc.assert(
    fc.property(given, (sent) => {
      let length = 0;
      try {
        for (const { payload } of readAll([sent])) length += payload.length;
      } catch (error) {
        expect(error).toBeInstanceOf(RtmpError);
      }
      expect(length).toBeLessThanOrEqual(sent.length);
    }),
    { numRuns: 2000 },
  );
});

describe('messages', () => {
  it('says numbers, bandwidths and user control as §5.4 and §7.1.7 have them', () => {
    expect([...writeNumberMessage(MESSAGE.acknowledgement, 0x01020304).payload]).toEqual([1, 2, 3, 4]);
    expect(readNumberMessage(writeNumberMessage(MESSAGE.acknowledgement, 0xfffffffe))).toBe(0xfffffffe);
    expect([...writePeerBandwidth(0x01020304).payload]).toEqual([1, 2, 3, 4, 2]);
    const ping = { event: USER_CONTROL.pingRequest, value: 7 };
    expect([...writeUserControl(ping).payload]).toEqual([0, 6, 0, 0, 0, 7]);
    expect(readUserControl(writeUserControl(ping))).toEqual(ping);
    expect(
      readUserControl({ type: 4, streamId: 0, timestamp: 0, payload: new Uint8Array(2) }),
    ).toBeUndefined();
    expect(() =>
      readNumberMessage({ type: 1, streamId: 0, timestamp: 0, payload: new Uint8Array(3) }),
    ).toThrow(RtmpError);
  });

  it('says commands, and reads them in what calls itself AMF3', () => {
    const command = { name: 'connect', transaction: 1, arguments: [{ app: 'live' }, null] };
    const written = writeCommand(command, 1);
    expect(written).toMatchObject({ type: MESSAGE.commandAmf0, streamId: 1 });
    expect(readCommand(written).arguments).toEqual([{ app: 'live' }, null]);
    const payload = Uint8Array.of(0, ...written.payload);
    expect(readCommand({ ...written, type: MESSAGE.commandAmf3, payload }).name).toBe('connect');
    expect(() => readCommand({ ...written, payload: Uint8Array.of(5) })).toThrow(RtmpError);
  });
});
