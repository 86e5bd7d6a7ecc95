import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import type { Chunk, Epoch } from '../../media/chunk.ts';
import { idrFrame, VIDEO } from '../../media/mp4/synthetic-mp4.ts';
import { bytes, milliseconds, ticks, timescale } from '../../media/time.ts';
import { Packager } from '../../package/packager.ts';
import { Presentation } from '../http/presentation.ts';
import { WaitingPlaces } from '../http/waiting-list.ts';
import { sendOpenSegment } from './send-open-segment.ts';

/** A client that takes as much as it is told to. */
class SlowResponse extends EventEmitter {
  readonly written: Uint8Array[] = [];
  destroyed = false;
  writableEnded = false;
  takes = true;

  writeHead(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  cork(): void {}
  uncork(): void {}

  write(chunk: Uint8Array): boolean {
    this.written.push(chunk);
    return this.takes;
  }

  end(): this {
    this.writableEnded = true;
    this.emit('close');
    return this;
  }

  destroy(): this {
    this.destroyed = true;
    this.emit('close');
    return this;
  }
}

let presentation: Presentation;
let chunks: Chunk[];
let packager: Packager;
let frame: number;

beforeEach(() => {
  const broadcast = { id: 'b', channel: 'main', title: null, startedAt: milliseconds(0) };
  const limits = {
    segment: milliseconds(2000),
    part: milliseconds(200),
    window: milliseconds(16_000),
    maxBytes: bytes(1_000_000),
  };
  const clock = new ManualClock();
  presentation = new Presentation('p', broadcast, { clock, limits, places: new WaitingPlaces(1) });
  chunks = [];
  frame = 0;
  packager = new Packager({
    sink: {
      epoch: (epoch: Epoch) => presentation.epoch(epoch),
      chunk: (chunk: Chunk) => {
        chunks.push(chunk);
        presentation.chunk(chunk);
      },
    },
    startAt: milliseconds(0),
    firstEpoch: 0,
    captureClock: { known: false, wallClock: () => milliseconds(0) },
  });
  packager.tracks([{ ...VIDEO, timescale: timescale(1000) }]);
  send(2.5);
});

/** Ten keyframes a second. */
function send(seconds: number): void {
  for (const end = frame + seconds * 10; frame < end; frame += 1) {
    const dts = ticks(frame * 100);
    packager.sample(0, { dts, pts: dts, duration: ticks(0), keyframe: true, data: idrFrame(50) });
  }
}

function ask(
  sequence: number,
  httpVersion = '1.1',
): { response: SlowResponse; sent: Promise<number | undefined> } {
  const response = new SlowResponse();
  const request = { method: 'GET', headers: {}, httpVersion } as IncomingMessage;
  const sent = sendOpenSegment(
    presentation,
    'video',
    sequence,
    request,
    response as unknown as ServerResponse,
  );
  return { response, sent };
}

const openSequence = () => presentation.segmenter.track('video')?.openSequence ?? 0;
const size = (list: readonly Uint8Array[]) => list.reduce((sum, { byteLength }) => sum + byteLength, 0);

describe('a segment that is being made', () => {
  it('is given away as the very bytes that are shared, each once', async () => {
    const sequence = openSequence();
    const { response, sent } = ask(sequence);
    send(4);
    const segment = presentation.segmenter.track('video')?.segment(sequence);
    expect(response.writableEnded).toBe(true);
    expect(response.written).toEqual(segment?.chunks.map((chunk) => chunk.bytes));
    expect(chunks.map((chunk) => chunk.bytes)).toContain(response.written[0]);
    expect(await sent).toBe(size(response.written));
  });

  it('waits for a client that takes nothing, and keeps nothing for it', async () => {
    const { response, sent } = ask(openSequence());
    response.takes = false;
    send(0.3);
    const waiting = response.written.length;
    send(0.5);
    expect(response.written.length).toBe(waiting);
    response.takes = true;
    response.emit('drain');
    expect(response.written.length).toBeGreaterThan(waiting + 3);
    response.destroy();
    expect(await sent).toBe(size(response.written));
    expect(response.listenerCount('drain')).toBe(0);
  });

  it('is cut off for a client that takes so long that nobody else holds it any more', async () => {
    const { response, sent } = ask(openSequence());
    response.takes = false;
    send(120);
    response.emit('drain');
    expect([response.destroyed, response.writableEnded]).toEqual([true, false]);
    await sent;
  });

  it('is another matter when it is complete, or not begun, or of no track', async () => {
    expect(await ask(0).sent).toBeUndefined();
    expect(await ask(openSequence() + 2).sent).toBeUndefined();
    const request = { method: 'GET', headers: {} } as IncomingMessage;
    const response = new SlowResponse() as unknown as ServerResponse;
    expect(await sendOpenSegment(presentation, 'audio', 0, request, response)).toBeUndefined();
  });

  it('is waited for by a client that cannot tell half of it from all of it', async () => {
    const sequence = openSequence();
    const { response, sent } = ask(sequence, '1.0');
    send(1);
    expect(response.written).toEqual([]);
    send(2);
    expect(await sent).toBeUndefined();
    expect(presentation.segmenter.track('video')?.segment(sequence)?.complete).toBe(true);
    const leaving = ask(openSequence(), '1.0');
    await Promise.resolve();
    leaving.response.destroy();
    expect(await leaving.sent).toBe(0);
  });

  it('ends with the broadcast', async () => {
    const { response, sent } = ask(openSequence());
    presentation.end();
    expect(response.writableEnded).toBe(true);
    expect(await sent).toBeGreaterThan(0);
  });
});
