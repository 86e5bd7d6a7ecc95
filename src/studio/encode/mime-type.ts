/**
 * What is recorded, best first. WebM before MP4, because Chromium writes MP4 only once per keyframe interval; H.264
 * first, because every player has it; AAC is what older Safari has. VP8 is all that Firefox has: the server has to encode it anew.
 */
export const MIME_TYPES: readonly string[] = [
  'video/webm;codecs=h264,opus',
  'video/webm;codecs=vp9,opus',
  'video/webm;codecs=av1,opus',
  'video/mp4;codecs=avc1,opus',
  'video/mp4;codecs=avc1,mp4a.40.2',
  'video/webm;codecs=vp8,opus',
];

/** The first type that the browser records; undefined when it records none of them. */
export function chooseMimeType(isSupported: (mimeType: string) => boolean): string | undefined {
  return MIME_TYPES.find(isSupported);
}
