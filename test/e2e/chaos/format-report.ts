import { percentile } from '../../../bench/support/percentile.ts';
import type { CampaignReport } from './campaigns.ts';

/** A campaign's report, as lines for people. */
export function formatReport(name: string, { faults, proofs }: CampaignReport): string {
  const recoveries = faults.flatMap(({ recovery }) => (recovery === undefined ? [] : [recovery]));
  const wrong = proofs.flatMap((proof) => proof.faults);
  const recordings = new Set(proofs.map(({ recording }) => recording)).size;
  const lines = [
    `${wrong.length === 0 ? '✓' : '✗'} ${name}: ${faults.length} faults, ${recordings} recording${recordings === 1 ? '' : 's'}`,
    ...faults.map(({ what, recovery }, index) => {
      return `    ${index + 1}. ${what}${recovery === undefined ? '' : `: back after ${inSeconds(recovery)}`}`;
    }),
  ];
  for (const proof of proofs) {
    const { framesExpected, framesFound, missing, doubled, disordered, changed, tail } = proof;
    lines.push(
      `  recording ${proof.recording}`,
      `    frames: ${framesExpected} expected, ${framesFound} found, ${missing.length} missing, ${doubled.length} doubled, ` +
        `${disordered} out of order, ${changed} changed${tail > 0 ? `, ${tail} gone with the tab` : ''}`,
      `    sound: ${proof.soundExpected} packets expected, ${proof.soundFound} found, ${proof.tonesFound} of ${proof.tonesExpected} tones heard`,
      `    sound to picture, beside what was captured (${proof.capturedSync.toFixed(0)} ms): ${proof.sync
        .map((offset) => `${offset.toFixed(0)} ms`)
        .join(', ')} at start, middle and end, ${proof.worstSync.toFixed(0)} ms at the worst`,
      ...proof.faults.map((fault) => `    ✗ ${fault}`),
      ...(proof.evidence ? [`    its files: ${proof.evidence}`] : []),
    );
  }
  if (recoveries.length > 0) {
    const [median, worst] = [percentile(recoveries, 50), percentile(recoveries, 100)];
    lines.push(`  the viewer was back after ${inSeconds(median)} (p50), ${inSeconds(worst)} (max)`);
  }
  return lines.join('\n');
}

const inSeconds = (time: number): string => `${(time / 1000).toFixed(1)} s`;
