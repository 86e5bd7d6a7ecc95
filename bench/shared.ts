import { WebSocket } from 'ws';
import { Child } from './support/child.ts';
import { FunctionCalls, inspectable } from './support/function-calls.ts';
import { type LiveServer, startLiveServer } from './support/live-server.ts';
import type { Result } from './support/result.ts';

const PACKAGE = 'cmaf-chunk.ts writeChunk';
const PUSH = 'broadcast.ts push';
const MEASURE_SECONDS = 10;
/** Until all who came have caught up. */
const SETTLE = 4000;

const later = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** What went on in a server meanwhile. */
interface Measured {
  /** How often media was packaged. */
  readonly packagings: number;
  /** Chunks that the hub was given. */
  readonly chunks: number;
  /** Bytes. */
  readonly packaged: number;
  /** What all viewers were sent. */
  readonly served: number;
}

/** Sees the chunks that are made, as any viewer does. */
class Witness {
  chunks = 0;
  bytes = 0;
  readonly #socket: WebSocket;

  constructor({ server }: LiveServer) {
    this.#socket = new WebSocket(`${server.url.replace('http', 'ws')}/live/main/ws`, 'headwater.play.v1');
    this.#socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) return;
      this.bytes += data.length;
      for (let at = 0; at + 8 <= data.length; at += data.readUInt32BE(at)) {
        if (data.toString('latin1', at + 4, at + 8) === 'moof') this.chunks += 1;
      }
    });
  }

  close(): void {
    this.#socket.terminate();
  }
}

async function measure(live: LiveServer, calls: FunctionCalls, witness: Witness): Promise<Measured> {
  await calls.take(PACKAGE, PUSH);
  const before = { chunks: witness.chunks, bytes: witness.bytes };
  const sent = await live.metric('headwater_sent_bytes_total');
  await later(MEASURE_SECONDS * 1000);
  const { [PACKAGE]: packagings, [PUSH]: chunks } = await calls.take(PACKAGE, PUSH);
  const served = (await live.metric('headwater_sent_bytes_total')) - sent;
  const size = (witness.bytes - before.bytes) / (witness.chunks - before.chunks);
  return { packagings, chunks, packaged: packagings * size, served };
}

/** As many viewers each way. Answers how many there are. */
async function openViewers(live: LiveServer, each: number): Promise<Child[]> {
  const hls = (kind: string, path: string) =>
    new Child('hls-viewers', [String(live.port), path, String(each), kind]);
  const viewers = [
    new Child('viewers', [String(live.port), '/live/main/ws', String(each)]),
    hls('parts', live.playlist),
    hls('segments', live.playlist),
    hls('dash', '/live/main/manifest.mpd'),
  ];
  await Promise.all(viewers.map((viewer) => viewer.message()));
  return viewers;
}

/**
 * What is packaged for a recording alone, and for it and so many viewers each over WebSocket, LL-HLS, HLS and DASH: counted
 * by the server's own engine. Throws Error where a request failed.
 */
export async function benchShared(each: number): Promise<Result[]> {
  const inspected = await inspectable();
  const live = await startLiveServer(inspected.environment);
  const calls = await FunctionCalls.open(inspected);
  const witness = new Witness(live);
  let viewers: Child[] = [];
  try {
    await later(SETTLE);
    const alone = await measure(live, calls, witness);
    viewers = await openViewers(live, each);
    await later(SETTLE);
    const shared = await measure(live, calls, witness);
    for (const viewer of viewers) {
      viewer.send({});
      const { failed = 0 } = (await viewer.message()) as { failed?: number };
      if (failed > 0) throw new Error(`${failed} requests failed`);
    }
    return results(each * viewers.length, alone, shared);
  } finally {
    for (const viewer of viewers) await viewer.stop();
    witness.close();
    calls.close();
    await live.close();
  }
}

function results(count: number, alone: Measured, shared: Measured): Result[] {
  const work = `a recording and ${count} viewers over WebSocket, LL-HLS, HLS and DASH`;
  return [
    {
      work,
      figure: 'times that media was packaged, a second',
      ours: shared.packagings / MEASURE_SECONDS,
      besideName: 'for a recording and one viewer',
      beside: alone.packagings / MEASURE_SECONDS,
      unit: '',
      budget: '–',
    },
    {
      work,
      figure: 'times that media was packaged, for each chunk',
      ours: shared.packagings / shared.chunks,
      besideName: 'for a recording and one viewer',
      beside: alone.packagings / alone.chunks,
      unit: '',
      budget: '1',
    },
    {
      work,
      figure: 'bytes packaged for each byte served',
      ours: shared.packaged / shared.served,
      besideName: 'for a recording and one viewer',
      beside: alone.packaged / alone.served,
      unit: '',
      budget: '–',
    },
  ];
}
