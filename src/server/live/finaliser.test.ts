import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import type {
  FinaliseAnswer,
  FinaliseTask,
  RunningFinalisation,
} from '../../egress/recording/finalise/finalise-in-worker.ts';
import { openStore, type Store } from '../../store/open-store.ts';
import { Finaliser } from './finaliser.ts';

const DONE: FinaliseAnswer = { result: 'done', size: 90, duration: 4000.4 };
const NO_ROOM: FinaliseAnswer = { result: 'no-room', message: 'full' };
const FAILED: FinaliseAnswer = { result: 'failed', message: 'broken' };

/** A finalisation that a test ends. */
class TestTask implements RunningFinalisation {
  readonly path: string;
  readonly answer: Promise<FinaliseAnswer | undefined>;
  readonly settle: (answer: FinaliseAnswer | undefined) => void;
  stopped = false;

  constructor({ path }: FinaliseTask) {
    this.path = path;
    const { promise, resolve } = Promise.withResolvers<FinaliseAnswer | undefined>();
    this.answer = promise;
    this.settle = resolve;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.settle(undefined);
    await this.answer;
  }
}

let folder: string;
let store: Store;
let tasks: TestTask[];
let started: () => void;
let on: string[] = [];
const clock = new ManualClock();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headwater-finaliser-'));
  store = await openStore(join(folder, 'headwater.db'));
  tasks = [];
  started = () => {};
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const open = () =>
  new Finaliser({
    recordings: store.recordings,
    clock,
    logger: pino({ enabled: false }),
    minFree: 0,
    fileOf: (id) => join(folder, id, 'media.mp4'),
    broadcastsOn: () => on,
    finalise: (task) => {
      const running = new TestTask(task);
      tasks.push(running);
      started();
      return running;
    },
  });

async function record(
  id: string,
  startedAt: number,
  state: 'recording' | 'complete' | 'damaged' = 'complete',
) {
  await store.broadcasts.start({ id: `b-${id}`, channel: 'main', title: null, startedAt });
  await store.recordings.start({ id, broadcast: `b-${id}`, startedAt, mime: 'video/mp4' });
  await store.recordings.progress(id, { state, size: 100, duration: 4000 });
  await mkdir(join(folder, id), { recursive: true });
}

/** The next task, once it runs. */
async function next(count: number): Promise<TestTask> {
  for (;;) {
    const task = tasks[count - 1];
    if (task) return task;
    await new Promise<void>((settle) => {
      started = settle;
    });
  }
}

const stateOf = async (id: string) => (await store.recordings.find(id))?.finalisation;

describe('the finaliser', () => {
  test('takes one finished recording after another, the oldest first, damaged ones too', async () => {
    await record('new', 30);
    await record('old', 10, 'damaged');
    await record('live', 5, 'recording');
    const finaliser = open();
    finaliser.wake();
    const first = await next(1);
    expect(first.path).toBe(join(folder, 'old', 'media.mp4'));
    finaliser.wake();
    expect(tasks).toHaveLength(1);
    first.settle(DONE);
    (await next(2)).settle(DONE);
    await finaliser.idle();
    expect(tasks.map(({ path }) => path.split('/').at(-2))).toEqual(['old', 'new']);
    expect(await store.recordings.find('old')).toMatchObject({
      ...{ finalisation: 'done', size: 90, duration: 4000, state: 'damaged' },
    });
    expect(await stateOf('live')).toBe('waiting');
    expect(finaliser.counts.results).toEqual({ done: 2, 'no-room': 0, failed: 0 });
    await finaliser.close();
  });

  test('leaves a recording alone whose broadcast is on: a start of the server may go on with it', async () => {
    await record('r', 1);
    on = ['b-r'];
    const finaliser = open();
    finaliser.wake();
    await finaliser.idle();
    expect(tasks).toEqual([]);
    on = [];
    finaliser.wake();
    (await next(1)).settle(DONE);
    await finaliser.idle();
    expect(await stateOf('r')).toBe('done');
    await finaliser.close();
  });

  test('goes on at the next start where it was stopped, without what was left of the last try', async () => {
    await record('r', 1);
    const before = open();
    before.wake();
    await next(1);
    await before.close();
    expect(tasks[0]?.stopped).toBe(true);
    expect(await stateOf('r')).toBe('waiting');
    const left = join(folder, 'r', 'media.mp4.part');
    await writeFile(left, 'half');
    const after = open();
    after.wake();
    const task = await next(2);
    expect(existsSync(left)).toBe(false);
    task.settle(DONE);
    await after.idle();
    expect(await stateOf('r')).toBe('done');
    await after.close();
  });

  test('says when there is no room, and tries again when it is woken', async () => {
    await record('r', 1);
    const finaliser = open();
    finaliser.wake();
    (await next(1)).settle(NO_ROOM);
    await finaliser.idle();
    expect(await stateOf('r')).toBe('no-room');
    finaliser.wake();
    (await next(2)).settle(DONE);
    await finaliser.idle();
    expect(await stateOf('r')).toBe('done');
    expect(finaliser.counts.results).toEqual({ done: 1, 'no-room': 1, failed: 0 });
    await finaliser.close();
  });

  test('leaves what failed alone until the next start', async () => {
    await record('r', 1);
    const finaliser = open();
    finaliser.wake();
    (await next(1)).settle(FAILED);
    await finaliser.idle();
    finaliser.wake();
    await finaliser.idle();
    expect(tasks).toHaveLength(1);
    expect(await stateOf('r')).toBe('failed');
    await finaliser.close();
    const after = open();
    after.wake();
    (await next(2)).settle(DONE);
    await after.close();
  });

  test('gives up a recording that is deleted, and goes on with the next', async () => {
    await record('gone', 1);
    await record('stays', 2);
    const finaliser = open();
    finaliser.wake();
    const task = await next(1);
    await finaliser.holdOff('gone', async () => {
      expect(task.stopped).toBe(true);
      (await next(2)).settle(DONE);
      await finaliser.idle();
      await store.recordings.delete('gone');
    });
    finaliser.wake();
    await finaliser.idle();
    expect(tasks).toHaveLength(2);
    expect(await stateOf('stays')).toBe('done');
    await finaliser.close();
  });
});
