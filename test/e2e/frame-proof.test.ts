import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CampaignReport, crashTabs, cutNetworks, killServer } from './chaos/campaigns.ts';
import { ChaosScene } from './chaos/chaos-scene.ts';
import { formatReport } from './chaos/format-report.ts';
import { Random } from './chaos/random.ts';

/** Always the same faults, at moments that the machine makes different; `npm run chaos` has the long form. */
const SEED = 20_261_121;

let scene: ChaosScene;

beforeAll(async () => {
  scene = await ChaosScene.open();
});
afterAll(() => scene?.close());

const expectProven = (report: CampaignReport) =>
  expect(
    report.proofs.flatMap(({ faults }) => faults),
    formatReport('the faults', report),
  ).toEqual([]);

describe('a broadcast through cuts of the network and kills of the server', () => {
  it('is one recording with every frame once and in order, and goes on for a viewer who never reloads', async () => {
    const report: CampaignReport = { faults: [], proofs: [] };
    const random = new Random(SEED);
    await scene.goLive();
    await cutNetworks(scene, random, { cuts: 2, longestCut: 4000 }, report);
    await killServer(scene, random, { kills: 3 }, report);
    report.proofs.push(...(await scene.finish()));
    expectProven(report);
    expect(report.faults.length).toBe(5);
  });
});

describe('a broadcast from a tab that crashes', () => {
  it('is one recording with every frame up to the last second, once the studio is opened again', async () => {
    expectProven(await crashTabs(scene, new Random(SEED), { crashes: 1 }));
  });
});
