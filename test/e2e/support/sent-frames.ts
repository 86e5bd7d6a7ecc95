import { expect } from 'vitest';
import { type ProbedPacket, probePackets } from './ffprobe.ts';

/** Both files round times to the millisecond. */
const ROUNDING = 0.0021;

/**
 * Expects what another server recorded to be frames of the broadcast's own recording: every one from where it begins, at its
 * time. Answers where that is on the recording, and whether it goes on to its last frame.
 */
export async function expectSentFrames(
  file: string,
  recording: string,
): Promise<{ begin: number; frames: number; toTheEnd: boolean }> {
  const [sent, recorded] = await Promise.all([probePackets(file, 'video'), probePackets(recording, 'video')]);
  const at = recorded.findLastIndex((_, index) => isRun(recorded, index, sent));
  expect(at, `${sent.length} frames of ${file} are none of ${recorded.length} recorded ones`).not.toBe(-1);
  const offset = (recorded[at]?.dts ?? 0) - (sent[0]?.dts ?? 0);
  for (const [index, { dts, keyframe }] of sent.entries()) {
    const { dts: time = 0, keyframe: isKey } = recorded[at + index] ?? {};
    expect(Math.abs(dts + offset - time)).toBeLessThan(ROUNDING);
    expect(keyframe).toBe(isKey);
  }
  expect(sent[0]?.keyframe).toBe(true);
  return {
    begin: recorded[at]?.dts ?? 0,
    frames: sent.length,
    toTheEnd: at + sent.length === recorded.length,
  };
}

function isRun(recorded: readonly ProbedPacket[], at: number, sent: readonly ProbedPacket[]): boolean {
  return sent.length > 0 && sent.every(({ size }, index) => recorded[at + index]?.size === size);
}
