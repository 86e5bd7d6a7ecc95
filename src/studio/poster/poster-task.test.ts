import { describe, expect, it } from 'vitest';
import type { Timing } from '../publish/timing.ts';
import { PosterTask } from './poster-task.ts';
import { type PosterAnswer, posterUrl } from './send-poster.ts';

/** A task whose timers are turned by hand, with what was asked of it. */
function open(script: { takes?: (Blob | null)[]; answers?: PosterAnswer[] } = {}) {
  const { takes = [], answers = [] } = script;
  const waits: number[] = [];
  let due: (() => void) | undefined;
  let sent = 0;
  const timing = {
    after: (delay: number, call: () => void) => {
      waits.push(delay);
      due = call;
      return {
        cancel: () => {
          due = undefined;
        },
      };
    },
  } as unknown as Timing;
  const task = new PosterTask({
    timing,
    take: async () => (takes.length > 0 ? (takes.shift() ?? null) : new Blob(['jpeg'])),
    send: async () => {
      sent += 1;
      return answers.shift() ?? 'stored';
    },
  });
  const turn = async () => {
    const call = due;
    due = undefined;
    call?.();
    // Taking, sending and what comes of it.
    for (let step = 0; step < 10; step += 1) await Promise.resolve();
  };
  return { task, turn, waits, sent: () => sent, isWaiting: () => due !== undefined };
}

describe('the poster of a broadcast', () => {
  it('is taken two seconds after it is live, and sent once', async () => {
    const { task, turn, waits, sent, isWaiting } = open();
    task.start();
    task.start();
    expect(waits).toEqual([2000]);
    await turn();
    expect(sent()).toBe(1);
    expect(isWaiting()).toBe(false);
    task.start();
    expect(isWaiting()).toBe(false);
  });

  it('is tried again while there is nothing to see, or the server cannot take it', async () => {
    const { task, turn, waits, sent, isWaiting } = open({
      takes: [null, null],
      answers: ['later', 'stored'],
    });
    task.start();
    for (let times = 0; times < 4; times += 1) await turn();
    expect(waits).toEqual([2000, 5000, 5000, 5000]);
    expect(sent()).toBe(2);
    expect(isWaiting()).toBe(false);
  });

  it('is given up after a minute', async () => {
    const { task, turn, waits, isWaiting } = open({ takes: Array.from({ length: 100 }, () => null) });
    task.start();
    while (isWaiting()) await turn();
    expect(waits).toHaveLength(12);
  });

  it('is given up when the server refuses it', async () => {
    const refused = open({ answers: ['refused'] });
    refused.task.start();
    await refused.turn();
    expect(refused.isWaiting()).toBe(false);
  });

  it('is not taken any more when the broadcast is over', async () => {
    const { task, turn, sent, isWaiting } = open({ answers: ['later'] });
    task.start();
    task.close();
    task.close();
    await turn();
    expect(sent()).toBe(0);
    task.start();
    expect(isWaiting()).toBe(false);
  });

  it('goes where the broadcast goes', () => {
    expect(posterUrl('wss://live.example.org/live/main/publish')).toBe(
      'https://live.example.org/live/main/poster',
    );
    expect(posterUrl('ws://localhost:8080/live/a/publish')).toBe('http://localhost:8080/live/a/poster');
  });
});
