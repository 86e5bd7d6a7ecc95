import type { Quality } from './quality.ts';

/** A size in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The size of every frame of a session: that of what is shown first, so that it passes untouched, or less where it is
 * beyond the quality. Upright pictures have the quality's sides swapped. Even, for H.264.
 */
export function pictureSize(source: Partial<PictureSize> | undefined, quality: Quality): PictureSize {
  const { width = quality.width, height = quality.height } = source ?? {};
  const long = Math.max(quality.width, quality.height) / Math.max(width, height);
  const short = Math.min(quality.width, quality.height) / Math.min(width, height);
  const scale = Math.min(1, long, short);
  return { width: even(width * scale), height: even(height * scale) };
}

const even = (size: number) => Math.max(2, 2 * Math.round(size / 2));
