import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { bytes } from '../../media/time.ts';
import { JournalFolder } from './journal-folder.ts';

it('lets sessions note what they made one after another, also where one of them failed', async () => {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const clock = new ManualClock();
  const journals = new JournalFolder({ folder: '/nowhere', clock, log, maxQueue: bytes(1), sync: undefined });
  const events: string[] = [];
  const note = (name: string) => async () => {
    events.push(`${name} begins`);
    await turn();
    events.push(`${name} ends`);
    if (name === 'a') throw new Error('full');
  };
  const first = journals.inTurn(note('a'));
  const second = journals.inTurn(note('b'));
  await expect(first).rejects.toThrow('full');
  await second;
  expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});
