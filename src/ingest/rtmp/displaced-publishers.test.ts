import { beforeEach, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { DisplacedPublishers } from './displaced-publishers.ts';

let clock: ManualClock;
let displaced: DisplacedPublishers;

beforeEach(() => {
  clock = new ManualClock();
  displaced = new DisplacedPublishers(clock);
});

it('knows an encoder by its channel and address', () => {
  displaced.add('main', '192.0.2.1');
  expect(displaced.has('main', '192.0.2.1')).toBe(true);
  expect(displaced.has('main', '192.0.2.2')).toBe(false);
  expect(displaced.has('other', '192.0.2.1')).toBe(false);
});

it('forgets one that was quiet for a minute, not one that keeps asking', () => {
  displaced.add('main', '192.0.2.1');
  for (let tries = 0; tries < 20; tries += 1) {
    clock.advance(10_000);
    expect(displaced.has('main', '192.0.2.1')).toBe(true);
  }
  clock.advance(60_000);
  expect(displaced.has('main', '192.0.2.1')).toBe(false);
});

it('remembers a thousand', () => {
  for (let one = 0; one <= 1000; one += 1) displaced.add('main', `address ${one}`);
  expect(displaced.has('main', 'address 0')).toBe(false);
  expect(displaced.has('main', 'address 1')).toBe(true);
});
