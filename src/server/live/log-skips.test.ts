import { expect, test } from 'vitest';
import { Hub } from '../../channel/hub.ts';
import type { Log } from '../../channel/log.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import { logSkips } from './log-skips.ts';

test('what slow viewers miss is logged by channel, at most once a second', () => {
  const clock = new ManualClock();
  const hub = new Hub({ clock, newBroadcastId: () => 'b' });
  const lines: object[] = [];
  const log: Log = { info: () => {}, warn: (fields) => lines.push(fields), error: () => {} };
  logSkips(hub, clock, log);
  const skip = (channel: string) => hub.readerSkipped.emit({ channel, chunks: 30, bytes: 1000 });
  for (let viewer = 0; viewer < 100; viewer += 1) skip('main');
  skip('stage');
  clock.advance(999);
  expect(lines).toEqual([]);
  clock.advance(1);
  expect(lines).toEqual([
    { channel: 'main', skips: 100, chunks: 3000, bytes: 100_000 },
    { channel: 'stage', skips: 1, chunks: 30, bytes: 1000 },
  ]);
  clock.advance(5000);
  skip('main');
  clock.advance(1000);
  expect(lines).toHaveLength(3);
  expect(clock.pending).toBe(0);
});
