/** A picture of a broadcast, as its publisher sent it. */
export interface Poster {
  readonly mime: PosterMime;
  readonly bytes: Buffer;
}

/** The media types that a poster may have. */
export type PosterMime = keyof typeof ENDINGS;

const ENDINGS = { 'image/jpeg': '.jpg', 'image/png': '.png', 'image/webp': '.webp' } as const;

/** All of them. */
export const POSTER_MIMES = Object.keys(ENDINGS) as readonly PosterMime[];

/** The most bytes of a poster. */
export const MAX_POSTER_BYTES = 512 * 1024;

/** What is taken for a poster, by its first bytes: nothing else is ever stored or sent under an image's type. */
export function posterMimeOf(bytes: Buffer): PosterMime | undefined {
  if (bytes.subarray(0, 3).equals(Buffer.of(0xff, 0xd8, 0xff))) return 'image/jpeg';
  if (bytes.subarray(0, 8).equals(PNG)) return 'image/png';
  const isWebp = bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP';
  return isWebp ? 'image/webp' : undefined;
}

/** What its file in a recording's folder is called: `poster.jpg`. */
export const posterFileName = (mime: PosterMime): string => `poster${ENDINGS[mime]}`;

const PNG = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
