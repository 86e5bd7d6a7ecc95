import { describe, expect, it } from 'vitest';
import { decayLevel, peakLevel, SILENCE } from './audio-level.ts';

describe('the audio level', () => {
  it('is the peak in dBFS', () => {
    expect(peakLevel(Float32Array.of(0, -1, 0.5))).toBe(0);
    expect(peakLevel(Float32Array.of(0.1, -0.05))).toBeCloseTo(-20, 4);
  });

  it('ends at silence', () => {
    expect(peakLevel(new Float32Array(8))).toBe(SILENCE);
    expect(peakLevel(Float32Array.of(1e-9))).toBe(SILENCE);
  });

  it('rises at once and falls by 24 dB a second', () => {
    expect(decayLevel(-40, -10, 16)).toBe(-10);
    expect(decayLevel(-10, -40, 500)).toBe(-22);
    expect(decayLevel(-59, SILENCE, 1000)).toBe(SILENCE);
  });
});
