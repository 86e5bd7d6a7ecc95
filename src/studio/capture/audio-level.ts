/** Below this nothing is shown, in dBFS. */
export const SILENCE = -60;

/** The peak of a block of samples (−1 to 1), in dBFS, not below {@link SILENCE}. */
export function peakLevel(samples: Float32Array): number {
  let peak = 0;
  for (const sample of samples) {
    const size = Math.abs(sample);
    if (size > peak) peak = size;
  }
  return peak === 0 ? SILENCE : Math.max(SILENCE, 20 * Math.log10(peak));
}

/** A level as a meter shows it: up at once, down by 24 dB a second (slower than IEC 60268-10 type I, easier on the eye). */
export function decayLevel(shown: number, level: number, elapsedMs: number): number {
  return Math.max(level, shown - (24 * elapsedMs) / 1000, SILENCE);
}
