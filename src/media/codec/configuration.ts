import { MediaError } from '../media-error.ts';
import type { AudioCodec, VideoCodec } from '../track.ts';

/** What a configuration record, or the bitstream in its place, says about a video track. */
export interface VideoConfiguration {
  readonly codec: VideoCodec;
  /** RFC 6381. */
  readonly codecString: string;
  /** The record as {@link Track} wants it. */
  readonly configuration: Uint8Array;
  /** Pixels after cropping; 0 × 0 where the record does not say, and only the container or the first keyframe does. */
  readonly width: number;
  readonly height: number;
}

/** What a configuration record says about an audio track. */
export interface AudioConfiguration {
  readonly codec: AudioCodec;
  /** RFC 6381. */
  readonly codecString: string;
  /** The record as {@link Track} wants it. */
  readonly configuration: Uint8Array;
  readonly sampleRate: number;
  readonly channels: number;
}

/** Throws MediaError `picture-too-large` when a picture has more pixels than the limit. */
export function checkPictureSize(width: number, height: number, maxPixels: number): void {
  if (width * height <= maxPixels) return;
  throw new MediaError(
    'picture-too-large',
    `the picture is ${width} × ${height}: at most ${maxPixels} pixels are allowed, choose a smaller size`,
  );
}

/** Whether two records are byte for byte the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Bytes as the two-digit lower-case hexadecimal of codec strings. */
export function hexadecimal(...values: number[]): string {
  return values.map((value) => value.toString(16).padStart(2, '0')).join('');
}

/** Numbers as the two-digit decimals of codec strings, joined by dots. */
export function decimals(...values: number[]): string {
  return values.map((value) => value.toString().padStart(2, '0')).join('.');
}
