import { readFileSync } from 'node:fs';
import { fixturePath } from '../../../contract/fixtures.ts';
import type { Random } from '../random.ts';
import { cutPower, type PowerCut } from './cut-power.ts';
import { traceBroadcasts } from './traced-broadcasts.ts';

/** How often the power is cut: so many times in each of so many runs of a server. */
export interface PowerCounts {
  readonly runs: number;
  readonly cuts: number;
}

/** As long as it was filmed, in ms. */
const DURATION = 8000;
const BROADCASTS = 3;

/** Cuts the power of servers at random moments of their lives, from the very first start on. */
export async function cutPowerOften(random: Random, { runs, cuts }: PowerCounts): Promise<PowerCut[]> {
  const bytes = readFileSync(fixturePath('webm-h264-opus.webm'));
  const all: PowerCut[] = [];
  for (let run = 0; run < runs; run += 1) {
    const traced = await traceBroadcasts({ bytes, duration: DURATION, broadcasts: BROADCASTS });
    for (let cut = 0; cut < cuts; cut += 1) all.push(await cutPower(traced, random));
  }
  return all;
}

/** What came of it, as lines for people. */
export function formatPowerCuts(cuts: readonly PowerCut[]): string {
  const wrong = cuts.filter(({ faults }) => faults.length > 0);
  const acknowledged = cuts.reduce((sum, cut) => sum + cut.acknowledged, 0);
  const broadcasts = cuts.reduce((sum, cut) => sum + cut.broadcasts, 0);
  return [
    `${wrong.length === 0 ? '✓' : '✗'} power: ${cuts.length} cuts, ${broadcasts} broadcasts on or over, ${acknowledged} bytes acknowledged, ${wrong.length} cuts lost something`,
    ...wrong.flatMap(({ what, faults }) => [`  ✗ ${what}`, ...faults.map((fault) => `      ${fault}`)]),
  ].join('\n');
}
