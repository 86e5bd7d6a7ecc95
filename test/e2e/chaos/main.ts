// `npm run chaos`: every campaign, long; `npm run chaos -- cuts power` some of them, `--seed 42` the same faults again,
// `--short` fewer. Ends with 0 when every recording is proven.
import { CAMPAIGNS, type CampaignCounts } from './campaigns.ts';
import { ChaosScene } from './chaos-scene.ts';
import { formatReport } from './format-report.ts';
import { cutPowerOften, formatPowerCuts, type PowerCounts } from './power/power-campaign.ts';
import { Random } from './random.ts';

const LONG: CampaignCounts = { cuts: 10, longestCut: 20_000, kills: 50, both: 10, crashes: 5 };
const SHORT: CampaignCounts = { cuts: 3, longestCut: 6000, kills: 5, both: 2, crashes: 1 };

const LONG_POWER: PowerCounts = { runs: 5, cuts: 40 };
const SHORT_POWER: PowerCounts = { runs: 1, cuts: 10 };

const words = process.argv.slice(2);
const seedAt = words.indexOf('--seed');
const seed = seedAt < 0 ? Date.now() % 2 ** 31 : Number(words[seedAt + 1]);
const counts = words.includes('--short') ? SHORT : LONG;
const wanted = words.filter((word) => word in CAMPAIGNS || word === 'power');

console.log(`seed ${seed}`);
let failed = 0;
for (const [name, campaign] of Object.entries(CAMPAIGNS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const scene = await ChaosScene.open();
  try {
    const report = await campaign(scene, new Random(seed), counts);
    if (report.proofs.some(({ faults }) => faults.length > 0)) failed += 1;
    console.log(formatReport(name, report));
  } catch (error) {
    failed += 1;
    console.log(`✗ ${name}: ${error instanceof Error ? error.stack : error}`);
    console.log(scene.server.now.log().split('\n').slice(-30).join('\n'));
  } finally {
    await scene.close();
  }
}
if (wanted.length === 0 || wanted.includes('power')) {
  const cuts = await cutPowerOften(new Random(seed), counts === SHORT ? SHORT_POWER : LONG_POWER);
  if (cuts.some(({ faults }) => faults.length > 0)) failed += 1;
  console.log(formatPowerCuts(cuts));
}
console.log(failed === 0 ? 'every recording is proven' : `${failed} campaigns failed`);
process.exitCode = failed > 0 ? 1 : 0;
