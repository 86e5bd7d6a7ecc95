import { readFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { fixturePath } from '../contract/fixtures.ts';
import { cutPower } from './chaos/power/cut-power.ts';
import { type TracedBroadcasts, traceBroadcasts } from './chaos/power/traced-broadcasts.ts';
import { Random } from './chaos/random.ts';

/** `npm run chaos -- power` has the long form. */
const CUTS = 5;
const SEED = 20_261_121;

let traced: TracedBroadcasts;

beforeAll(async () => {
  const bytes = readFileSync(fixturePath('webm-h264-opus.webm'));
  traced = await traceBroadcasts({ bytes, duration: 6000, broadcasts: 2 });
}, 180_000);

it('a server whose power is cut has all that it acknowledged, and its recordings become whole', async () => {
  expect(traced.broadcasts.flatMap(({ promises }) => promises).length).toBeGreaterThan(10);
  const random = new Random(SEED);
  for (let cut = 0; cut < CUTS; cut += 1) {
    const { what, faults } = await cutPower(traced, random);
    expect(faults, what).toEqual([]);
  }
});
