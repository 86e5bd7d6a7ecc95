import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { findBeeps, findFlashes } from '../../../src/transcode/beep-source.ts';

/** Lips and sound are in sync within this, in ms. */
const LIP_SYNC = 40;
/** A flash further off belongs to another beep: at either end one of a pair may be missing. */
const SAME_PAIR = 400;

/** Expects at least so many beeps of a file of `makeBeeps` to come with their flashes. */
export function expectLipSync(file: string, atLeast: number): void {
  const bytes = [readFileSync(file)];
  const flashes = findFlashes(bytes);
  const distances = findBeeps(bytes).flatMap((beep) => {
    const nearest = flashes.toSorted((a, b) => Math.abs(a - beep) - Math.abs(b - beep))[0];
    return nearest === undefined || Math.abs(nearest - beep) > SAME_PAIR ? [] : [beep - nearest];
  });
  expect(distances.length).toBeGreaterThanOrEqual(atLeast);
  for (const distance of distances) expect(Math.abs(distance)).toBeLessThanOrEqual(LIP_SYNC);
}
