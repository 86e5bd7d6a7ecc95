import { describe, expect, it } from 'vitest';
import { chooseMimeType, MIME_TYPES } from './mime-type.ts';

describe('chooseMimeType', () => {
  it('prefers H.264 in WebM', () => {
    expect(chooseMimeType(() => true)).toBe('video/webm;codecs=h264,opus');
  });

  it('takes MP4 only when no WebM is left', () => {
    expect(chooseMimeType((type) => type.startsWith('video/mp4'))).toBe('video/mp4;codecs=avc1,opus');
    expect(chooseMimeType((type) => !type.includes('h264'))).toBe('video/webm;codecs=vp9,opus');
  });

  it('takes VP8 only where nothing else is left, as in Firefox', () => {
    expect(MIME_TYPES.at(-1)).toContain('vp8');
    expect(chooseMimeType((type) => type.includes('vp8'))).toBe('video/webm;codecs=vp8,opus');
    expect(chooseMimeType(() => false)).toBeUndefined();
  });
});
