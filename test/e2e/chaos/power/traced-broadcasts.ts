import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PacedPublisher } from '../../../../bench/support/paced-publisher.ts';
import { newStreamKey } from '../../support/publish-file.ts';
import type { RunningServer } from '../../support/running-server.ts';
import { Random } from '../random.ts';
import { PowerDisk, type Tree } from './power-disk.ts';
import { type Promised, promisesIn } from './promises.ts';
import { readMedia, type SeenMedia, untilFinalised } from './seen-media.ts';
import { TracedServer } from './traced-server.ts';

/** What is published under the trace. */
export interface SentMedia {
  /** A WebM. */
  readonly bytes: Buffer;
  readonly duration: number;
  /** Broadcasts of it, one after another; the last one goes on when the trace ends. */
  readonly broadcasts: number;
}

/** A broadcast that a traced server took in. */
export interface TracedBroadcast {
  readonly session: string;
  /** What the server said to its publisher. */
  readonly promises: readonly Promised[];
}

/** All that a server did with some broadcasts, and all that it promised. */
export interface TracedBroadcasts {
  readonly sent: SentMedia;
  readonly disk: PowerDisk;
  readonly key: string;
  /** From that line of the trace on the publisher has its key. */
  readonly keyAt: number;
  readonly broadcasts: readonly TracedBroadcast[];
  /** Recorded without a fault. */
  readonly reference: SeenMedia;
}

/** So much of each broadcast comes over its first connection. */
const FIRST_PART = 0.4;
const SETTINGS = { keepOriginal: true };

/** Runs a server under a trace, from its very first start, and publishes to it; every publisher is lost once and comes back. */
export async function traceBroadcasts(
  sent: SentMedia,
  environment: Record<string, string> = {},
): Promise<TracedBroadcasts> {
  const traced = await TracedServer.start(environment);
  try {
    const server = traced.now;
    await server.api('PATCH', '/api/channels/main', SETTINGS);
    const key = await newStreamKey(server);
    const sessions = Array.from({ length: sent.broadcasts }, () => randomUUID());
    let reference: SeenMedia | undefined;
    for (const session of sessions) {
      const publisher = await publishInTwoParts(server, { session, key, sent });
      if (session === sessions.at(-1)) continue;
      const recording = await untilFinalised(server, await publisher.end());
      reference ??= await readMedia(server, recording);
    }
    const calls = await traced.kill();
    const disk = new PowerDisk(server.data);
    disk.observe(calls);
    expectSameTree(disk.cut(Infinity, { data: 1, names: 1 }, new Random(0)), readTree(server.data));
    if (!reference) throw new Error('no broadcast came to its end');
    return { sent, disk, key, reference, ...share(promisesIn(calls), sessions) };
  } finally {
    await traced.close();
  }
}

/** A publisher of this media; where `faster` is more than 1, not in real time. */
export function openPublisher(
  server: RunningServer,
  { session, key, sent }: { session: string; key: string; sent: SentMedia },
): Promise<PacedPublisher> {
  const url = `${server.url.replace('http', 'ws')}/live/main/publish`;
  return PacedPublisher.open({
    url,
    key,
    session,
    media: sent.bytes,
    bytesPerMs: sent.bytes.length / sent.duration,
  });
}

async function publishInTwoParts(
  server: RunningServer,
  stream: Parameters<typeof openPublisher>[1],
): Promise<PacedPublisher> {
  const first = await openPublisher(server, stream);
  await pass(stream.sent.duration * FIRST_PART);
  await first.drop();
  const second = await openPublisher(server, stream);
  await pass(stream.sent.duration * (0.95 - FIRST_PART));
  return second;
}

/** What was followed is what is really there: the trace lacks nothing. */
function expectSameTree(followed: Tree, real: Tree): void {
  const paths = [...new Set([...followed.keys(), ...real.keys()])];
  const differing = paths.filter((path) => {
    const [a, b] = [followed.get(path), real.get(path)];
    return !followed.has(path) || !real.has(path) || Buffer.compare(a ?? NOTHING, b ?? NOTHING) !== 0;
  });
  if (differing.length > 0) throw new Error(`the trace lacks what was done to ${differing}`);
}

const NOTHING = new Uint8Array();

function readTree(folder: string): Tree {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    found.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(folder, path), entry.isFile() ? readFileSync(path) : undefined];
    }),
  );
}

/** Which promise was made to whom: each publisher connects twice, one publisher after another. */
function share(promises: readonly Promised[], sessions: readonly string[]) {
  const shared = sessions.map((session) => ({ session, promises: [] as Promised[] }));
  let connections = 0;
  for (const promised of promises) {
    if (promised.kind === 'ready') connections += 1;
    shared[Math.ceil(connections / 2) - 1]?.promises.push(promised);
  }
  return { broadcasts: shared, keyAt: promises.find(({ kind }) => kind === 'key')?.at ?? Infinity };
}

/** A publisher sends for so long. */
const pass = (time: number): Promise<void> => new Promise((done) => setTimeout(done, time));
