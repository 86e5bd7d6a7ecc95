import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fixturePath } from '../contract/fixtures.ts';
import { cutPower } from './chaos/power/cut-power.ts';
import { traceBroadcasts } from './chaos/power/traced-broadcasts.ts';
import { Random } from './chaos/random.ts';

/** `npm run chaos -- power` has the long form. */
const CUTS = 5;
const SEED = 20_261_121;

/** Some sandboxes let nobody look at the calls of a process. */
const canTrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;

it.runIf(canTrace)(
  'a server whose power is cut has all that it acknowledged, and its recordings become whole',
  async () => {
    const bytes = readFileSync(fixturePath('webm-h264-opus.webm'));
    const traced = await traceBroadcasts({ bytes, duration: 6000, broadcasts: 2 });
    expect(traced.broadcasts.flatMap(({ promises }) => promises).length).toBeGreaterThan(10);
    const random = new Random(SEED);
    for (let cut = 0; cut < CUTS; cut += 1) {
      const { what, faults } = await cutPower(traced, random);
      expect(faults, what).toEqual([]);
    }
  },
);
