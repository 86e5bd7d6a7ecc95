import { Child } from './support/child.ts';
import { FunctionCalls, inspectable } from './support/function-calls.ts';
import { type LiveServer, startLiveServer } from './support/live-server.ts';
import { readUsage } from './support/process-usage.ts';
import type { Result } from './support/result.ts';

const WRITE = 'format-media-playlist.ts formatMediaPlaylist';
/** Processes that the sockets are spread over. */
const CLIENTS = 2;
const LOOK_EVERY = 50;
/** Less than three target durations, after which requests are refused. */
const PATIENCE = 10_000;
/** For the memory of connections to settle. */
const SETTLE = 1500;

/** What the clients say. */
interface Report {
  readonly open: number;
  readonly answers: number;
  readonly statuses: readonly string[];
  readonly digests: readonly string[];
  readonly first: number;
  readonly last: number;
}

const later = (ms: number) => new Promise((done) => setTimeout(done, ms));

/**
 * So many requests that wait for the same playlist, over sockets of their own: no more than may wait, half of them leave,
 * and the others are answered from one rendering. `count`: at most the 10,000 that a server lets wait. Throws Error where one of these does not hold.
 */
export async function benchWaiting(count: number): Promise<Result[]> {
  const inspected = await inspectable();
  const live = await startLiveServer({ HEADWATER_RECORDING_ENABLED: 'false', ...inspected.environment });
  const calls = await FunctionCalls.open(inspected);
  const pid = live.server.process.pid ?? 0;
  const clients: Child[] = [];
  try {
    const before = readUsage(pid).resident;
    for (let index = 0; index < CLIENTS; index += 1) {
      const args = [String(live.port), live.playlist, String(count / CLIENTS)];
      clients.push(new Child('waiting-requests', args));
    }
    await Promise.all(clients.map((client) => client.message()));
    await later(SETTLE);
    const connected = readUsage(pid).resident;
    const next = await nextSegment(live);
    live.publisher.process.kill('SIGSTOP');
    const stopped = await tellAll(clients, () => ({ ask: `_HLS_msn=${next}` }));
    if (stopped.some(({ open }) => open < count / CLIENTS)) throw new Error('connections were closed');
    await untilWaiting(live, count);
    const waiting = readUsage(pid).resident;
    await checkBound(live, next, count);
    await tellAll(clients, ({ open }) => ({ leave: open / 2 }), stopped);
    await untilWaiting(live, count / 2);
    await calls.take(WRITE);
    live.publisher.process.kill('SIGCONT');
    const answered = await untilAnswered(clients, count / 2);
    const { [WRITE]: written } = await calls.take(WRITE);
    await untilWaiting(live, 0);
    return results(count, {
      connected: (connected - before) / count,
      waiting: (waiting - before) / count,
      written,
      answered,
    });
  } finally {
    calls.close();
    live.publisher.process.kill('SIGCONT');
    for (const client of clients) await client.stop();
    await live.close();
  }
}

/** The number of the segment after the one that is being made: it is two seconds away at least. */
async function nextSegment({ server, playlist }: LiveServer): Promise<number> {
  const text = await (await fetch(server.url + playlist)).text();
  const complete = text.match(/^#EXTINF/gm)?.length ?? 0;
  return Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]) + complete + 1;
}

async function tellAll(
  clients: readonly Child[],
  tell: (report: Report) => object,
  reports: readonly Report[] = [],
): Promise<Report[]> {
  const nothing: Report = { open: 0, answers: 0, statuses: [], digests: [], first: 0, last: 0 };
  return await Promise.all(
    clients.map(async (client, index) => {
      client.send(tell(reports[index] ?? nothing));
      return (await client.message()) as Report;
    }),
  );
}

async function untilWaiting(live: LiveServer, count: number): Promise<void> {
  const end = Date.now() + PATIENCE;
  let waiting = Number.NaN;
  while (Date.now() < end) {
    waiting = await live.metric('headwater_waiting_requests');
    if (waiting === count) return;
    await later(LOOK_EVERY);
  }
  throw new Error(`${waiting} requests wait instead of ${count}`);
}

/** The next is refused, where so many wait that no more may. */
async function checkBound({ server, playlist }: LiveServer, next: number, count: number): Promise<void> {
  if (count < 10_000) return;
  const refused = await fetch(`${server.url}${playlist}?_HLS_msn=${next}`);
  const { error } = (await refused.json()) as { error: string };
  if (refused.status !== 503 || error !== 'too-many-waiting') throw new Error(`${refused.status} ${error}`);
}

async function untilAnswered(clients: readonly Child[], count: number): Promise<Report> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const reports = await tellAll(clients, () => ({}));
    const all = {
      open: 0,
      answers: reports.reduce((sum, { answers }) => sum + answers, 0),
      statuses: [...new Set(reports.flatMap(({ statuses }) => statuses))],
      digests: [...new Set(reports.flatMap(({ digests }) => digests))],
      first: Math.min(...reports.map(({ first }) => first)),
      last: Math.max(...reports.map(({ last }) => last)),
    };
    if (all.answers === count) {
      if (all.statuses.join() !== '200') throw new Error(`answered with ${all.statuses}`);
      return all;
    }
    if (Date.now() > end) throw new Error(`${all.answers} of ${count} were answered`);
    await later(LOOK_EVERY);
  }
}

function results(
  count: number,
  found: { connected: number; waiting: number; written: number; answered: Report },
): Result[] {
  const { connected, waiting, written, answered } = found;
  const work = `${count} requests wait for a playlist, half of them leave`;
  return [
    {
      work,
      figure: 'memory a waiting request',
      ours: waiting / 1e3,
      besideName: 'a connection that waits for nothing',
      beside: connected / 1e3,
      unit: 'kB',
      budget: '–',
    },
    {
      work,
      figure: 'different answers',
      ours: answered.digests.length,
      besideName: 'playlists written meanwhile',
      beside: written,
      unit: '',
      budget: '–',
    },
    {
      work,
      figure: `from the first to the last of ${answered.answers} answers`,
      ours: answered.last - answered.first,
      besideName: '–',
      beside: null,
      unit: 'ms',
      budget: '–',
    },
  ];
}
