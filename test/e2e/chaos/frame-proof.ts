import type { DecodedMedia } from './decode-media.ts';
import { measureSoundOffsets, type SoundOffset } from './sound-offset.ts';

/** How far sound and picture may be from where the browser's own recorder had them to each other, in ms. */
const SYNC_LIMIT = 40;
/** A tab that crashes may take so many frames with it: its last second, and what the test's own copy lags behind. */
const CRASH_TAIL = 45;
/** The test's own copy goes another way than what is kept, and may be behind it by so many frames on a busy machine. */
const COPY_LAG = 300;

/** What a recording is held against. */
export interface CapturedMedia {
  /** What the browser's MediaRecorder made, decoded. */
  readonly media: DecodedMedia;
  /** The hashes of its packets of sound, in order. */
  readonly sound: readonly string[];
}

/** How much of what was captured a recording has. */
export interface FrameProof {
  readonly framesExpected: number;
  readonly framesFound: number;
  /** Numbers of frames that were captured and are not there. */
  readonly missing: readonly number[];
  /** Numbers of frames that are there more often than they were captured. */
  readonly doubled: readonly number[];
  /** Frames that come before one which was captured earlier. */
  readonly disordered: number;
  /** Frames whose pixels are not those that were captured. */
  readonly changed: number;
  /** Frames without a readable number. */
  readonly unreadable: number;
  /** Frames at the end that a crash took along. */
  readonly tail: number;
  readonly soundExpected: number;
  readonly soundFound: number;
  /** The packets of sound are those that were captured, in order. */
  readonly sameSound: boolean;
  /** How much later to the picture the sound is than as captured: at the start, in the middle and at the end, in ms. */
  readonly sync: readonly [number, number, number];
  /** The largest of all tones, either way. */
  readonly worstSync: number;
  /** The median of how much later than the picture the sound was captured: the browser's own, in ms. */
  readonly capturedSync: number;
  readonly tonesExpected: number;
  readonly tonesFound: number;
  /** What is wrong, in words; empty when the recording is proven. */
  readonly faults: readonly string[];
}

/** Holds a recording against what was captured. After a crash its last second may be missing: `crashed`. */
export function proveFrames(
  recording: CapturedMedia,
  captured: CapturedMedia,
  { crashed = false }: { crashed?: boolean } = {},
): FrameProof {
  const found = recording.media.frames;
  // The test's copy of a tab that crashed ends in the middle of a frame.
  const made = crashed ? captured.media.frames.slice(0, -1) : captured.media.frames;
  const tail = crashed ? made.length - found.length : 0;
  const common = crashed ? Math.min(made.length, found.length) : Infinity;
  const expected = made.slice(0, common);
  const present = found.slice(0, common);
  const numbers = expected.map(({ stamp }) => stamp?.frame ?? -1);
  const foundNumbers = present.map(({ stamp }) => stamp?.frame ?? -1);
  const sound = compareSound(recording.sound, captured.sound, crashed);
  const offsets = measureSoundOffsets(recording.media);
  const figures = {
    framesExpected: expected.length,
    framesFound: present.length,
    missing: surplus(numbers, foundNumbers),
    doubled: surplus(foundNumbers, numbers),
    disordered: Math.max(0, countDescents(present) - countDescents(expected)),
    changed: expected.filter(({ hash }, index) => present[index] && present[index].hash !== hash).length,
    unreadable: present.filter(({ stamp }) => !stamp).length,
    tail,
    ...sound,
    ...measureSync(offsets, measureSoundOffsets(captured.media), crashed),
  };
  return { ...figures, faults: nameFaults(figures, recording.media.complaints) };
}

/** The numbers that one list has more often than another. */
function surplus(numbers: readonly number[], others: readonly number[]): number[] {
  const left = new Map<number, number>();
  for (const number of others) left.set(number, (left.get(number) ?? 0) + 1);
  return numbers.filter((number) => {
    const count = left.get(number) ?? 0;
    left.set(number, count - 1);
    return count <= 0;
  });
}

function countDescents(frames: DecodedMedia['frames']): number {
  const numbers = frames.flatMap(({ stamp }) => (stamp ? [stamp.frame] : []));
  return numbers.filter((number, index) => number < (numbers[index - 1] ?? 0)).length;
}

function compareSound(found: readonly string[], made: readonly string[], crashed: boolean) {
  const common = crashed ? Math.min(found.length, made.length) : Infinity;
  const [present, expected] = [found.slice(0, common), made.slice(0, common)];
  return {
    soundExpected: expected.length,
    soundFound: present.length,
    sameSound: present.length === expected.length && present.every((hash, index) => hash === expected[index]),
  };
}

function measureSync(found: readonly SoundOffset[], made: readonly SoundOffset[], crashed: boolean) {
  const byWall = new Map(made.map(({ wall, offset }) => [wall, offset]));
  const last = found.at(-1)?.wall ?? 0;
  const added = found.flatMap(({ wall, offset }) => {
    const captured = byWall.get(wall);
    return captured === undefined ? [] : [offset - captured];
  });
  const at = (part: number) => added[Math.round(part * (added.length - 1))] ?? Number.NaN;
  return {
    sync: [at(0), at(0.5), at(1)] as const,
    worstSync: added.reduce((worst, value) => (Math.abs(value) > Math.abs(worst) ? value : worst), 0),
    capturedSync: made.map(({ offset }) => offset).sort((a, b) => a - b)[made.length >> 1] ?? Number.NaN,
    tonesExpected: (crashed ? made.filter(({ wall }) => wall <= last) : made).length,
    tonesFound: added.length,
  };
}

function nameFaults(figures: Omit<FrameProof, 'faults'>, complaints: string): string[] {
  const { missing, doubled } = figures;
  const faults: [boolean, string][] = [
    [figures.framesExpected === 0, 'no frame was captured'],
    [missing.length > 0, `${missing.length} frames are missing: ${listSome(missing)}`],
    [doubled.length > 0, `${doubled.length} frames are there twice: ${listSome(doubled)}`],
    [figures.disordered > 0, `${figures.disordered} frames are out of order`],
    [figures.changed > 0, `${figures.changed} frames are not what was captured`],
    [figures.tail > CRASH_TAIL, `the crash took ${figures.tail} frames along`],
    [figures.tail < -COPY_LAG, `there are ${-figures.tail} frames more than were captured`],
    [!figures.sameSound, `the sound differs: ${figures.soundFound} of ${figures.soundExpected} packets`],
    [figures.tonesFound < 3, 'too few tones are heard to say how far sound and picture are apart'],
    // That every packet of sound is there is shown above. A camera that stumbles blurs which tone is which: half of them tell.
    [figures.tonesFound < figures.tonesExpected * 0.5, 'tones that were captured are not heard'],
    [
      Math.abs(figures.worstSync) > SYNC_LIMIT,
      `sound and picture are ${figures.worstSync.toFixed(0)} ms apart`,
    ],
    [complaints !== '', `the decoder complains: ${complaints.slice(0, 500)}`],
  ];
  return faults.filter(([wrong]) => wrong).map(([, words]) => words);
}

const listSome = (numbers: readonly number[]): string =>
  `${numbers.slice(0, 10).join(', ')}${numbers.length > 10 ? ', …' : ''}`;
