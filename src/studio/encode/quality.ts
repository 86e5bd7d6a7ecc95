/** What is captured and encoded: the picture's size, frames in a second, bits in a second for picture and sound. */
export interface Quality {
  /** Pixels, even. */
  readonly width: number;
  /** Pixels, even. */
  readonly height: number;
  readonly frameRate: number;
  /** Bits in a second. */
  readonly videoBitrate: number;
  /** Bits in a second. */
  readonly audioBitrate: number;
}

/** The named picture sizes. */
export type PresetName = '1080p' | '720p' | '480p';

/** A named picture size with what its bitrate is reckoned from. */
export interface Preset {
  readonly name: PresetName;
  readonly width: number;
  readonly height: number;
  /** Bits in a second at 30 frames a second. */
  readonly videoBitrate: number;
}

/** The presets, largest first. */
export const PRESETS: readonly Preset[] = [
  { name: '1080p', width: 1920, height: 1080, videoBitrate: 4_500_000 },
  { name: '720p', width: 1280, height: 720, videoBitrate: 2_500_000 },
  { name: '480p', width: 854, height: 480, videoBitrate: 1_200_000 },
];

/** The frame rates that are offered. */
export const FRAME_RATES: readonly number[] = [15, 24, 25, 30, 50, 60];

/** What a custom value may be; the highest bitrate is the server's default limit. */
export const QUALITY_LIMITS = {
  width: { least: 160, most: 3840 },
  height: { least: 120, most: 2160 },
  frameRate: { least: 5, most: 60 },
  videoBitrate: { least: 100_000, most: 50_000_000 },
} as const;

const AUDIO_BITRATE = 128_000;

/**
 * A fitting video bitrate for a size and frame rate, in bits a second, to 50 kbit/s: of the nearest preset, by the
 * number of pixels, and with the frame rate to the power of 0.75, since neighbouring frames resemble each other more.
 */
export function recommendedBitrate(width: number, height: number, frameRate: number): number {
  const pixels = width * height;
  const distance = (preset: Preset) => Math.abs(Math.log(pixels / (preset.width * preset.height)));
  const nearest = PRESETS.reduce((best, preset) => (distance(preset) < distance(best) ? preset : best));
  const whole =
    nearest.videoBitrate * (pixels / (nearest.width * nearest.height)) ** 0.85 * (frameRate / 30) ** 0.75;
  const { least, most } = QUALITY_LIMITS.videoBitrate;
  return Math.min(most, Math.max(least, Math.round(whole / 50_000) * 50_000));
}

/** A preset at a frame rate, with its recommended bitrate. */
export function presetQuality(name: PresetName, frameRate: number): Quality {
  const preset = PRESETS.find((candidate) => candidate.name === name);
  if (!preset) throw new RangeError(`There is no preset ${name}`);
  const { width, height } = preset;
  return {
    width,
    height,
    frameRate,
    videoBitrate: recommendedBitrate(width, height, frameRate),
    audioBitrate: AUDIO_BITRATE,
  };
}

/** 720p at 30 frames a second: what most uplinks carry. */
export const DEFAULT_QUALITY: Quality = presetQuality('720p', 30);

/** The preset of this picture size; undefined for a custom one. */
export function presetOf(quality: Quality): PresetName | undefined {
  return PRESETS.find(({ width, height }) => width === quality.width && height === quality.height)?.name;
}

/** What is wrong with a quality, in words for the person who entered it; undefined when nothing is. */
export function problemOfQuality(quality: Quality): string | undefined {
  const { width, height, frameRate, videoBitrate } = QUALITY_LIMITS;
  const outside = (value: number, { least, most }: { least: number; most: number }) =>
    !Number.isFinite(value) || value < least || value > most;
  if (outside(quality.width, width)) return `The width must be from ${width.least} to ${width.most} pixels.`;
  if (outside(quality.height, height))
    return `The height must be from ${height.least} to ${height.most} pixels.`;
  if (quality.width % 2 !== 0 || quality.height % 2 !== 0) return 'Width and height must be even numbers.';
  if (outside(quality.frameRate, frameRate)) {
    return `The frame rate must be from ${frameRate.least} to ${frameRate.most} frames a second.`;
  }
  if (outside(quality.videoBitrate, videoBitrate)) {
    return `The bitrate must be from ${videoBitrate.least / 1000} to ${videoBitrate.most / 1000} kbit/s.`;
  }
  return undefined;
}
