import { readFileSync } from 'node:fs';

const FOLDER = new URL('../fixtures/chromium/', import.meta.url).pathname;

/** Every recording of Chromium's that players of segments have the codecs of: VP8 is shown to them as H.264. */
export const PLAYABLE_FIXTURES = [
  'webm-h264-opus.webm',
  'webm-vp9-opus.webm',
  'webm-av1-opus.webm',
  'mp4-avc1-opus.mp4',
  'mp4-vp9-opus.mp4',
  'mp4-av1-opus.mp4',
] as const;

/** Where a fixture is. */
export const fixturePath = (name: string): string => FOLDER + name;

/** All bytes of a fixture. */
export const readFixture = (name: string): Buffer => readFileSync(fixturePath(name));

/** A fixture in the pieces in which it came out of MediaRecorder. */
export function readPieces(name: string): Buffer[] {
  const bytes = readFixture(name);
  const arrivals = JSON.parse(readFileSync(`${fixturePath(name)}.json`, 'utf8')) as [number, number][];
  let at = 0;
  return arrivals.map(([, length]) => {
    at += length;
    return bytes.subarray(at - length, at);
  });
}
