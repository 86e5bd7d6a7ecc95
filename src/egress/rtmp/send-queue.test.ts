import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MESSAGE } from '../../media/rtmp/message.ts';
import { SendQueue } from './send-queue.ts';
import type { TimedMessage } from './splicer.ts';

const message = (timestamp: number, rest: Partial<TimedMessage> = {}): TimedMessage => ({
  ...{ type: MESSAGE.video, timestamp, payload: new Uint8Array(100) },
  ...{ startsGroup: timestamp % 1000 === 0, isConfiguration: false, ...rest },
});
const drain = (queue: SendQueue): TimedMessage[] => {
  const all: TimedMessage[] = [];
  for (let next = queue.shift(); next; next = queue.shift()) all.push(next);
  return all;
};

it('gives back what it was given, in order', () => {
  const queue = new SendQueue();
  const given = [0, 40, 80].map((time) => message(time));
  for (const one of given) queue.push(one);
  expect(queue.bytes).toBe(300);
  expect(drain(queue)).toEqual(given);
  expect(queue).toMatchObject({ bytes: 0, dropped: { groups: 0, messages: 0, bytes: 0 } });
});

it('leaves out all before the newest group when more than 5 s wait, but never a configuration', () => {
  const queue = new SendQueue();
  queue.push(message(0, { isConfiguration: true, startsGroup: false }));
  for (let time = 0; time <= 5040; time += 40) queue.push(message(time));
  const left = drain(queue);
  expect(left[0]).toMatchObject({ isConfiguration: true });
  expect(left[1]).toMatchObject({ timestamp: 5000, startsGroup: true });
  expect(queue.dropped).toEqual({ groups: 5, messages: 125, bytes: 12_500 });
});

it('cuts off a group that is too large by itself, and takes nothing before the next one', () => {
  const queue = new SendQueue();
  queue.push(message(0));
  for (let time = 40; time < 5200; time += 40) queue.push(message(time, { startsGroup: false }));
  expect(queue.bytes).toBe(0);
  queue.push(message(5200, { startsGroup: false }));
  expect(queue.bytes).toBe(0);
  queue.push(message(6000));
  queue.push(message(6040));
  expect(drain(queue).map(({ timestamp }) => timestamp)).toEqual([6000, 6040]);
});

it('is bounded, and what comes out can always be decoded: no frame follows a hole before a keyframe', () => {
  const step = fc.oneof(
    fc.constant('shift' as const),
    fc.record({ keyframe: fc.boolean(), size: fc.nat(2_000_000) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new SendQueue();
      const sent: TimedMessage[] = [];
      let time = 0;
      for (const one of steps) {
        if (one === 'shift') {
          const next = queue.shift();
          if (next) sent.push(next);
          continue;
        }
        time += 40;
        queue.push(
          message(time, { startsGroup: one.keyframe || time === 40, payload: new Uint8Array(one.size) }),
        );
        expect(queue.bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
      }
      sent.push(...drain(queue));
      let last = 0;
      for (const { timestamp, startsGroup } of sent) {
        if (!startsGroup) expect(timestamp).toBe(last + 40);
        last = timestamp;
      }
    }),
  );
});

it('counts only groups that were left out, with a configuration that is older than all media', () => {
  const queue = new SendQueue();
  queue.push(message(0, { isConfiguration: true, startsGroup: false }));
  for (let time = 0; time < 60_000; time += 40) queue.push(message(time));
  expect(queue.dropped).toEqual({ groups: 55, messages: 55 * 25, bytes: 55 * 2500 });
  const [configuration, first, ...rest] = drain(queue);
  expect(configuration).toMatchObject({ isConfiguration: true });
  expect(first).toMatchObject({ timestamp: 55_000, startsGroup: true });
  expect(rest.length).toBe(124);
});

it('counts a group that was sent in part once', () => {
  const queue = new SendQueue();
  queue.push(message(0));
  queue.shift();
  for (let time = 40; time < 6000; time += 40) queue.push(message(time));
  expect(queue.dropped.groups).toBe(5);
});

it('is bounded with a configuration before one group without an end', () => {
  const queue = new SendQueue();
  queue.push(message(0, { isConfiguration: true, startsGroup: false }));
  for (let time = 0; time < 60_000; time += 40) queue.push(message(time, { startsGroup: time === 0 }));
  expect(queue.bytes).toBeLessThan(200);
  expect(queue.dropped).toEqual({ groups: 1, messages: 1500, bytes: 150_000 });
});
