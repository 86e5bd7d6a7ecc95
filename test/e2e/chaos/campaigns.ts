import type { BroadcastProof, ChaosScene } from './chaos-scene.ts';
import type { Random } from './random.ts';

/** How much of each kind of trouble. */
export interface CampaignCounts {
  readonly cuts: number;
  /** In ms. */
  readonly longestCut: number;
  readonly kills: number;
  /** Kills while the network is cut. */
  readonly both: number;
  readonly crashes: number;
}

/** One fault. */
interface Fault {
  /** What happened, in words. */
  readonly what: string;
  /** From its end to the viewer's next picture that is up to date, in ms; undefined where the next fault came before. */
  readonly recovery: number | undefined;
}

/** What a campaign did, and what came of it. */
export interface CampaignReport {
  /** What happened, in order. */
  readonly faults: Fault[];
  readonly proofs: BroadcastProof[];
}

/** One kind of trouble. */
export type Campaign = (scene: ChaosScene, random: Random, counts: CampaignCounts) => Promise<CampaignReport>;

/** Every campaign, by name. */
export const CAMPAIGNS = {
  cuts: (scene, random, counts) =>
    inOneBroadcast(scene, (report) => cutNetworks(scene, random, counts, report)),
  kills: (scene, random, counts) =>
    inOneBroadcast(scene, (report) => killServer(scene, random, counts, report)),
  both: (scene, random, counts) =>
    inOneBroadcast(scene, (report) => cutAndKill(scene, random, counts, report)),
  crashes: crashTabs,
} as const satisfies Record<string, Campaign>;

/** Goes live, lets trouble happen, ends the broadcast and proves its recording. */
async function inOneBroadcast(
  scene: ChaosScene,
  trouble: (report: CampaignReport) => Promise<void>,
): Promise<CampaignReport> {
  const report: CampaignReport = { faults: [], proofs: [] };
  await scene.goLive();
  await trouble(report);
  report.proofs.push(...(await scene.finish()));
  return report;
}

/** Random cuts of the studio's network, sometimes of the viewer's too. */
export async function cutNetworks(
  scene: ChaosScene,
  random: Random,
  { cuts, longestCut }: Pick<CampaignCounts, 'cuts' | 'longestCut'>,
  report: CampaignReport,
): Promise<void> {
  for (let cut = 0; cut < cuts; cut += 1) {
    await pass(random.between(500, 5000));
    const networks = random.chance(0.4) ? [scene.network, scene.viewerNetwork] : [scene.network];
    const kind = random.pick(['cut', 'stall', 'forget']);
    const length = random.between(1000, longestCut);
    for (const network of networks) {
      if (kind === 'cut') network.cut();
      else network.stall();
    }
    await pass(length);
    for (const network of networks) {
      if (kind === 'forget') network.forget();
      network.mend();
    }
    const what = `${kind} of ${inSeconds(length)}${networks.length > 1 ? ', the viewer too' : ''}`;
    report.faults.push({ what, recovery: await scene.viewer.playsAgain() });
  }
}

/** Kills of the server at random moments, some of them while it is still recovering from the last one. */
export async function killServer(
  scene: ChaosScene,
  random: Random,
  { kills }: Pick<CampaignCounts, 'kills'>,
  report: CampaignReport,
): Promise<void> {
  let again = false;
  for (let kill = 0; kill < kills; kill += 1) {
    await pass(again ? random.between(0, 1000) : random.between(200, 6000));
    await scene.server.kill();
    const down = random.between(0, 1500);
    await pass(down);
    await scene.server.restart();
    const what = `kill${again ? ' while recovering' : ''}, down for ${inSeconds(down)}`;
    again = kill < kills - 1 && random.chance(0.25);
    report.faults.push({ what, recovery: again ? undefined : await scene.viewer.playsAgain() });
  }
}

/** Kills of the server while the network is cut; which of the two is mended first is chance. */
async function cutAndKill(
  scene: ChaosScene,
  random: Random,
  { both, longestCut }: CampaignCounts,
  report: CampaignReport,
): Promise<void> {
  for (let round = 0; round < both; round += 1) {
    await pass(random.between(500, 5000));
    const kind = random.pick(['cut', 'stall']);
    const length = random.between(1000, longestCut);
    const killAt = random.between(0, length);
    const down = random.between(0, 3000);
    if (kind === 'cut') scene.network.cut();
    else scene.network.stall();
    const mended = pass(length).then(() => scene.network.mend());
    await pass(killAt);
    await scene.server.kill();
    await pass(down);
    await Promise.all([mended, scene.server.restart()]);
    const what = `${kind} of ${inSeconds(length)}, killed after ${inSeconds(killAt)}, down for ${inSeconds(down)}`;
    report.faults.push({ what, recovery: await scene.viewer.playsAgain() });
  }
}

/** Crashes of the broadcaster's tab with unsent media; the studio is opened again and uploads the rest. */
export async function crashTabs(
  scene: ChaosScene,
  random: Random,
  { crashes }: Pick<CampaignCounts, 'crashes'>,
): Promise<CampaignReport> {
  const report: CampaignReport = { faults: [], proofs: [] };
  for (let round = 0; round < crashes; round += 1) {
    await scene.goLive();
    await pass(random.between(2000, 6000));
    const unsent = random.between(2000, 8000);
    await scene.crashStudio(pass(unsent));
    const goesOn = round % 2 === 1;
    const what = `crash with ${inSeconds(unsent)} unsent, ${goesOn ? 'live again before the rest is uploaded' : 'the rest uploaded'}`;
    report.faults.push({ what, recovery: undefined });
    const proofs = goesOn
      ? await scene.goOnBeforeTheRest(() => pass(random.between(2000, 6000)))
      : await scene.uploadTheRest();
    report.proofs.push(...proofs);
  }
  return report;
}

const inSeconds = (time: number): string => `${(time / 1000).toFixed(1)} s`;

/** A fault comes at a random moment, and lasts: that is what this is about. */
const pass = (time: number): Promise<void> => new Promise((done) => setTimeout(done, time));
