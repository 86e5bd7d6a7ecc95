import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, startServer } from '../../support/running-server.ts';
import { listRecordings } from '../../support/same-media.ts';
import type { Random } from '../random.ts';
import type { Survival, Tree } from './power-disk.ts';
import { compareMedia, readMedia, untilFinalised } from './seen-media.ts';
import { openPublisher, type TracedBroadcast, type TracedBroadcasts } from './traced-broadcasts.ts';

/** One power cut, and what came of it. */
export interface PowerCut {
  /** When, and what of it the disk had, in words. */
  readonly what: string;
  /** Bytes that had been acknowledged by then. */
  readonly acknowledged: number;
  /** Broadcasts that were on or over. */
  readonly broadcasts: number;
  /** What is wrong, in words; empty when nothing was lost. */
  readonly faults: readonly string[];
}

/** What a disk may have of what was not synced: nothing, everything, names without bytes and bytes without names, chance. */
const SURVIVALS: readonly [Survival, ...Survival[]] = [
  { data: 0, names: 0 },
  { data: 0, names: 1 },
  { data: 1, names: 0 },
  { data: 0.5, names: 0.5 },
  { data: 0.5, names: 1 },
  { data: 0.9, names: 0.9 },
];

/**
 * Cuts the power at a random moment of a trace: starts a server on what the disk then has, lets the publishers come back
 * and go on to their ends, and looks whether anything is missing that had been acknowledged.
 */
export async function cutPower(traced: TracedBroadcasts, random: Random): Promise<PowerCut> {
  const { disk } = traced;
  const moment = Math.floor(random.between(0, disk.moments.length));
  const at = (disk.moments[moment] ?? 0) + random.pick([0, 1]);
  const survival = random.pick(SURVIVALS);
  const data = await mkdtemp(join(tmpdir(), 'headwater-power-cut-'));
  writeTree(data, disk.cut(at, survival, random));
  const begun = traced.broadcasts.filter(({ promises }) => promises.some((promised) => promised.at < at));
  const faults = await recover(traced, begun, at, data).catch((error: unknown) => [String(error)]);
  const acknowledged = begun.reduce((sum, broadcast) => sum + promisedBy(broadcast, at).acknowledged, 0);
  const what = `line ${at}, ${survival.data * 100} % of the data and ${survival.names * 100} % of the names that were not synced`;
  return { what, acknowledged, broadcasts: begun.length, faults };
}

async function recover(
  traced: TracedBroadcasts,
  begun: readonly TracedBroadcast[],
  at: number,
  data: string,
): Promise<string[]> {
  const faults = begun.flatMap((broadcast) => faultsOfJournal(traced, broadcast, at, data));
  const server = await startServer({ HEADWATER_DATA: data });
  try {
    if (at < traced.keyAt) return faults;
    for (const broadcast of begun) faults.push(...(await finish(server, traced, broadcast, at)));
    const listed = await listRecordings(server);
    if (listed.length !== begun.length)
      faults.push(`${listed.length} recordings of ${begun.length} broadcasts`);
  } catch (error) {
    faults.push(`${error instanceof Error ? error.message : error}`);
  } finally {
    if (faults.length > 0) faults.push(...server.log().split('\n').slice(-15));
    await server.stop();
  }
  return faults;
}

/** What a publisher had been told by then. */
function promisedBy({ promises }: TracedBroadcast, at: number) {
  const until = promises.filter((promised) => promised.at < at);
  const acknowledged = Math.max(0, ...until.map(({ offset, kind }) => (kind === 'ack' ? offset : 0)));
  return { acknowledged, ended: until.some(({ kind }) => kind === 'ended') };
}

/** What was acknowledged is there before anybody does anything about it: in its journal, or filed away as an original. */
function faultsOfJournal(
  { sent }: TracedBroadcasts,
  broadcast: TracedBroadcast,
  at: number,
  data: string,
): string[] {
  const { acknowledged } = promisedBy(broadcast, at);
  const journal = join(data, 'journal', broadcast.session);
  const files = acknowledged === 0 ? [] : [journal, ...originalsIn(join(data, 'recordings'))];
  const isStored = files.filter(existsSync).some((file) => {
    return readFileSync(file).subarray(0, acknowledged).equals(sent.bytes.subarray(0, acknowledged));
  });
  return acknowledged === 0 || isStored
    ? []
    : [`${acknowledged} acknowledged bytes are not there as they were sent`];
}

const originalsIn = (recordings: string): string[] =>
  readdirSync(recordings).map((id) => join(recordings, id, 'original.webm'));

/** Its publisher comes back, goes on where the server says, and ends; then the recording must be whole. */
async function finish(
  server: RunningServer,
  { key, sent, reference }: TracedBroadcasts,
  broadcast: TracedBroadcast,
  at: number,
): Promise<string[]> {
  const { acknowledged } = promisedBy(broadcast, at);
  const publisher = await openPublisher(server, { session: broadcast.session, key, sent });
  const { offset } = publisher;
  const recording = await untilFinalised(server, await publisher.end());
  const seen = await readMedia(server, recording);
  const { state, finalisation, gaps, originals } = recording;
  const original = join(server.data, 'recordings', recording.id, 'original.webm');
  const wrong: [boolean, string][] = [
    [offset < acknowledged, `the server has ${offset} of ${acknowledged} acknowledged bytes`],
    [state !== 'complete', `the recording is ${state}`],
    [finalisation !== 'done', `its finalisation is ${finalisation}`],
    [gaps.length > 0, `it lists gaps: ${JSON.stringify(gaps)}`],
    [originals.length !== 1, `${originals.length} originals are kept`],
    [!(await isSame(original, sent.bytes)), 'the original is not what was sent'],
  ];
  return [...compareMedia(seen, reference), ...wrong.filter(([is]) => is).map(([, words]) => words)];
}

const isSame = (file: string, bytes: Buffer): Promise<boolean> =>
  readFile(file).then(
    (found) => found.equals(bytes),
    () => false,
  );

function writeTree(folder: string, tree: Tree): void {
  for (const [path, bytes] of tree) {
    if (bytes) writeFileSync(join(folder, path), bytes);
    else mkdirSync(join(folder, path));
  }
}
