import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Amf0Value, amf0Property } from '../../media/rtmp/amf0-value.ts';
import { writeAmf0 } from '../../media/rtmp/amf0-writer.ts';
import { ChunkStreamReader } from '../../media/rtmp/chunk-stream-reader.ts';
import { ChunkStreamWriter } from '../../media/rtmp/chunk-stream-writer.ts';
import { readCommand, writeCommand } from '../../media/rtmp/command.ts';
import { HANDSHAKE_SIZE } from '../../media/rtmp/handshake.ts';
import {
  MESSAGE,
  type RtmpMessage,
  readNumberMessage,
  readUserControl,
  USER_CONTROL,
  writeNumberMessage,
  writeUserControl,
} from '../../media/rtmp/message.ts';
import { RtmpError } from '../../media/rtmp/rtmp-error.ts';
import { bytes } from '../../media/time.ts';
import { PublishError } from '../session/publish-error.ts';
import { ReceiveProtocol, type ReceiveProtocolHost } from './receive-protocol.ts';

const MAX_MESSAGE = bytes(1_000_000);
const HANDSHAKE = Buffer.alloc(1 + 2 * HANDSHAKE_SIZE, 3);

/** Says yes to everybody when it is asked to, and keeps what it is told. */
class Host implements ReceiveProtocolHost {
  readonly protocol = new ReceiveProtocol(new Uint8Array(HANDSHAKE_SIZE), MAX_MESSAGE, this);
  readonly asked: string[] = [];
  readonly tags: { type: number; timestamp: number; body: string }[] = [];
  readonly heard: RtmpMessage[] = [];
  ends = 0;
  readonly #decides: boolean;
  readonly #reader = new ChunkStreamReader((message) => void this.heard.push(message));
  #skip = 1 + 2 * HANDSHAKE_SIZE;

  constructor(decides = true) {
    this.#decides = decides;
  }

  send(parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      const rest = part.subarray(Math.min(this.#skip, part.length));
      this.#skip -= part.length - rest.length;
      this.#reader.push(rest);
    }
  }

  publish(streamName: string): void {
    this.asked.push(streamName);
    if (this.#decides) this.protocol.accept();
  }

  media(type: number, timestamp: number, body: Uint8Array): void {
    this.tags.push({ type, timestamp, body: Buffer.from(body).toString('hex') });
  }

  ended(): void {
    this.ends += 1;
  }

  get commands() {
    return this.heard.filter(({ type }) => type === MESSAGE.commandAmf0).map(readCommand);
  }

  get codes(): Amf0Value[] {
    return this.commands
      .filter(({ name }) => name === 'onStatus' || name === '_error')
      .map(({ arguments: values }) => amf0Property(values[1], 'code'));
  }
}

const command = (name: string, transaction: number, values: readonly Amf0Value[], streamId = 0) =>
  writeCommand({ name, transaction, arguments: values }, streamId);

const connecting = command('connect', 1, [{ app: 'live', tcUrl: 'rtmp://x/live' }]);
const opening = [
  connecting,
  command('releaseStream', 2, [null, 'name']),
  command('FCPublish', 3, [null, 'name']),
  command('createStream', 4, [null]),
  command('publish', 5, [null, 'name', 'live'], 1),
];
const media = (type: number, timestamp: number, text: string): RtmpMessage => ({
  ...{ type, timestamp, streamId: 1, payload: Buffer.from(text) },
});
const closing = [command('FCUnpublish', 6, [null, 'name']), command('deleteStream', 7, [null, 1])];

/** What a client sends for those messages, each on the chunk stream that fits it. */
function written(messages: readonly RtmpMessage[], chunkSize = 128): Buffer {
  const writer = new ChunkStreamWriter();
  const start = chunkSize === 128 ? [] : writer.setChunkSize(chunkSize);
  const streamOf = (type: number) => (type === MESSAGE.video ? 6 : type === MESSAGE.audio ? 4 : 3);
  return Buffer.concat([
    ...start,
    ...messages.flatMap((message) => writer.write(streamOf(message.type), message)),
  ]);
}

function talk(messages: readonly RtmpMessage[], host = new Host()): Host {
  host.protocol.push(HANDSHAKE);
  host.protocol.push(written(messages));
  return host;
}

describe('a publisher', () => {
  it('is answered as encoders expect it, in order', () => {
    const host = talk(opening);
    expect(host.asked).toEqual(['name']);
    expect(host.commands.map(({ name, transaction }) => `${name} ${transaction}`)).toEqual([
      ...['_result 1', '_result 2', '_result 3', '_result 4', 'onFCPublish 0', 'onStatus 0'],
    ]);
    expect(host.codes).toEqual(['NetStream.Publish.Start']);
    const [connected, , , created] = host.commands;
    expect(amf0Property(connected?.arguments[1], 'code')).toBe('NetConnection.Connect.Success');
    expect(created?.arguments).toEqual([null, 1]);
    expect(host.heard.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        MESSAGE.windowAcknowledgementSize,
        MESSAGE.setPeerBandwidth,
        MESSAGE.setChunkSize,
        MESSAGE.userControl,
      ]),
    );
  });

  it('is told of Enhanced RTMP’s codecs', () => {
    const [properties] = talk(opening).commands[0]?.arguments ?? [];
    expect(amf0Property(properties, 'fourCcList')).toEqual(
      expect.arrayContaining(['av01', 'vp09', 'hvc1', 'Opus']),
    );
    expect(amf0Property(amf0Property(properties, 'audioFourCcInfoMap'), 'Opus')).toBe(4);
  });

  it('brings sound, pictures and metadata, and nothing else', () => {
    const metadata = writeAmf0(['onMetaData', { width: 640 }]);
    const data = (type: number, payload: Uint8Array) => ({ type, timestamp: 0, streamId: 1, payload });
    const host = talk([
      ...opening,
      data(MESSAGE.dataAmf0, Buffer.concat([writeAmf0(['@setDataFrame']), metadata])),
      data(MESSAGE.dataAmf3, Buffer.concat([Buffer.of(0), metadata])),
      data(MESSAGE.dataAmf0, writeAmf0(['onTextData', { text: 'hello' }])),
      media(MESSAGE.video, 40, 'picture'),
      media(MESSAGE.audio, 50, 'sound'),
      media(99, 60, 'unknown'),
    ]);
    const hex = (body: Uint8Array | string) => Buffer.from(body).toString('hex');
    expect(host.tags).toEqual([
      { type: 18, timestamp: 0, body: hex(metadata) },
      { type: 18, timestamp: 0, body: hex(metadata) },
      { type: 9, timestamp: 40, body: hex('picture') },
      { type: 8, timestamp: 50, body: hex('sound') },
    ]);
  });

  it('may send chunks of any size, timestamps of 32 bits, and bytes in any slicing', () => {
    const times = [0, 0xfffffe, 0xffffff, 0x1000000, 0xfffffff0, 5];
    const frames = times.map((time, index) => media(MESSAGE.video, time, 'x'.repeat(index * 700)));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.array(fc.nat(8000), { maxLength: 20 }),
        (chunkSize, cuts) => {
          const host = new Host();
          const all = Buffer.concat([HANDSHAKE, written([...opening, ...frames], chunkSize)]);
          const at = [0, ...cuts.sort((a, b) => a - b), all.length];
          for (const [index, end] of at.slice(1).entries()) host.protocol.push(all.subarray(at[index], end));
          expect(host.tags.map(({ timestamp, body }) => [timestamp, body.length / 2])).toEqual(
            times.map((time, index) => [time, index * 700]),
          );
        },
      ),
      { numRuns: 60, seed: 3 },
    );
  });

  it('may send several messages as one', () => {
    const part = (type: number, time: number, text: string) => {
      const head = Buffer.alloc(11);
      head.writeUInt32BE(type * 2 ** 24 + text.length, 0);
      head.writeUInt32BE((time << 8) >>> 0, 4);
      return Buffer.concat([head, Buffer.from(text), Buffer.alloc(4)]);
    };
    const payload = Buffer.concat([part(9, 100, 'picture'), part(8, 120, 'sound')]);
    const aggregate = { type: MESSAGE.aggregate, timestamp: 5000, streamId: 1, payload };
    const host = talk([...opening, aggregate]);
    expect(host.tags.map(({ type, timestamp }) => [type, timestamp])).toEqual([
      [9, 5000],
      [8, 5020],
    ]);
    const cut = { ...aggregate, payload: payload.subarray(0, -8) };
    expect(() => talk([...opening, cut])).toThrow(RtmpError);
  });

  it('that does not wait for the answer loses nothing', () => {
    const host = talk([...opening, media(MESSAGE.video, 0, 'early'), ...closing], new Host(false));
    expect([host.tags.length, host.ends]).toEqual([0, 0]);
    host.protocol.accept();
    expect([host.tags.length, host.ends]).toEqual([1, 2]);
  });

  it('is acknowledged once a window, by its own or by ours', () => {
    const window = writeNumberMessage(MESSAGE.windowAcknowledgementSize, 100_000);
    const acknowledgements = (messages: readonly RtmpMessage[]) => {
      const host = talk([...opening, ...messages]);
      for (let sent = 0; sent < 30; sent++) host.protocol.push(written([media(MESSAGE.video, 0, 'x')]));
      const frame = written([media(MESSAGE.video, 0, 'x'.repeat(50_000))]);
      for (let sent = 0; sent < 60; sent++) host.protocol.push(frame);
      return host.heard.filter(({ type }) => type === MESSAGE.acknowledgement).map(readNumberMessage);
    };
    expect(acknowledgements([])).toHaveLength(1);
    const often = acknowledgements([window]);
    expect(often.length).toBeGreaterThan(15);
    expect(often).toEqual([...often].sort((a, b) => a - b));
  });

  it('is answered when it pings', () => {
    const host = talk([connecting, writeUserControl({ event: USER_CONTROL.pingRequest, value: 77 })]);
    const controls = host.heard.filter(({ type }) => type === MESSAGE.userControl).map(readUserControl);
    expect(controls).toContainEqual({ event: USER_CONTROL.pingResponse, value: 77 });
  });

  it('may say in either way that it is done, and is answered', () => {
    expect(talk([...opening, ...closing]).ends).toBe(2);
    const host = talk(opening);
    host.protocol.finish();
    expect(host.codes).toEqual(['NetStream.Publish.Start', 'NetStream.Unpublish.Success']);
    host.protocol.push(written(closing));
    expect(host.ends).toBe(0);
  });
});

describe('a refusal', () => {
  const refusalOf = (messages: readonly RtmpMessage[]) => {
    const host = new Host();
    try {
      talk(messages, host);
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      host.protocol.refuse('NetStream.Failed', error.message);
    }
    return host.codes.at(-1);
  };

  it.each([
    ['another application', [command('connect', 1, [{ app: 'other' }])], 'NetConnection.Connect.Rejected'],
    [
      'an application that is no text',
      [command('connect', 1, [{ app: 1 }])],
      'NetConnection.Connect.Rejected',
    ],
    ['to connect twice', [connecting, connecting], 'NetStream.Failed'],
    ['to publish before it connected', [opening[4]], 'NetConnection.Connect.Rejected'],
    ['to publish twice', [...opening, opening[4]], 'NetStream.Failed'],
    ['to play', [connecting, command('play', 5, [null, 'main'], 1)], 'NetStream.Failed'],
  ])('is what %s is answered with', (_, messages, code) => {
    expect(refusalOf(messages.filter((message) => message !== undefined))).toBe(code);
  });

  it('is the last word: nothing is taken after it', () => {
    const host = talk(opening, new Host(false));
    host.protocol.refuse('NetStream.Publish.BadName', 'no');
    host.protocol.refuse('NetStream.Failed', 'again');
    host.protocol.accept();
    host.protocol.push(written([media(MESSAGE.video, 0, 'late')]));
    expect(host.codes).toEqual(['NetStream.Publish.BadName']);
    expect(host.tags).toHaveLength(0);
  });

  it('takes addresses with a slash or a query behind the application', () => {
    for (const app of ['live/', 'live/extra', 'live?x=1'])
      expect(refusalOf([command('connect', 1, [{ app }])])).toBeUndefined();
  });
});

describe('a stranger', () => {
  /** What it was stopped by: one of ours, or nothing. */
  const outcome = (received: Uint8Array): string => {
    const host = new Host();
    try {
      for (let at = 0; at < received.length; at += 1000) host.protocol.push(received.subarray(at, at + 1000));
      return 'none';
    } catch (error) {
      if (error instanceof RtmpError || error instanceof PublishError) return error.code;
      throw error;
    }
  };
  const whole = Buffer.concat([
    HANDSHAKE,
    written([
      ...opening,
      media(MESSAGE.video, 0, 'x'.repeat(500)),
      media(MESSAGE.audio, 20, 'y'),
      ...closing,
    ]),
  ]);

  it('that does not shake hands as RTMP does is told from the first byte', () => {
    expect(outcome(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toBe('rtmp-handshake-malformed');
    expect(outcome(Buffer.of(0x16, 3, 1))).toBe('none');
    expect(outcome(Buffer.of(0))).toBe('rtmp-handshake-malformed');
  });

  it('that stops at any byte leaves nothing broken', () => {
    for (let length = 0; length <= whole.length; length += length < HANDSHAKE.length - 10 ? 211 : 1)
      expect(outcome(whole.subarray(0, length))).toBe('none');
  });

  it('that sends anything is refused by name, or passed over', () => {
    const change = fc.record({ at: fc.integer({ min: 0, max: whole.length - 1 }), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
        const damaged = Buffer.from(whole);
        for (const { at, value } of changes) damaged[at] = value;
        expect(outcome(damaged)).toMatch(/^(none|bad-message|rtmp-[a-z-]+)$/);
      }),
      { numRuns: 1500, seed: 17 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (noise) => {
        expect(outcome(Buffer.concat([HANDSHAKE, noise]))).toMatch(/^(none|bad-message|rtmp-[a-z-]+)$/);
      }),
      { numRuns: 500, seed: 19 },
    );
  });

  it('that has shown no key cannot make it hold a long message', () => {
    const long = { ...media(MESSAGE.video, 0, ''), payload: new Uint8Array(70_000) };
    expect(outcome(Buffer.concat([HANDSHAKE, written([connecting, long])]))).toBe('rtmp-message-too-large');
    expect(outcome(Buffer.concat([HANDSHAKE, written([...opening, long])]))).toBe('none');
    const longer = { ...long, payload: new Uint8Array(MAX_MESSAGE + 1) };
    expect(outcome(Buffer.concat([HANDSHAKE, written([...opening, longer])]))).toBe('rtmp-message-too-large');
  });

  it('that nests values without end, or has too many, is refused', () => {
    const nested = Buffer.concat([
      writeAmf0(['connect', 1]),
      ...Array.from({ length: 200 }, () => Buffer.of(3, 0, 1, 97)),
    ]);
    const say = (payload: Uint8Array) =>
      outcome(
        Buffer.concat([
          HANDSHAKE,
          written([{ type: MESSAGE.commandAmf0, streamId: 0, timestamp: 0, payload }]),
        ]),
      );
    expect(say(nested)).toBe('rtmp-amf-too-deep');
    expect(say(Buffer.alloc(5000, 5))).toBe('rtmp-amf-too-large');
    expect(say(writeAmf0([null, 1]))).toBe('rtmp-amf-malformed');
  });
});
