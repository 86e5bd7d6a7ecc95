/** What a recording's name begins with where nothing usable was asked for. */
export const DEFAULT_NAME_PREFIX = 'noname';

const MAX_CHARACTERS = 80;
/** With a date and an ending behind it, no file system's 255 bytes are reached. */
const MAX_BYTES = 200;

/**
 * Makes of any text what a file's name may begin with: letters, digits, single spaces, `-` and `_`, from a letter or
 * digit to a letter or digit, at most 80 characters and 200 bytes of UTF-8; `noname` where nothing is left.
 */
export function safeNamePrefix(text: string): string {
  const plain = text.normalize('NFKC').replace(/[^\p{L}\p{N}\p{M} _-]+/gu, '_');
  const tidy = plain.replace(/([ _-])[ _-]*/g, '$1').replace(/^[^\p{L}\p{N}]+/u, '');
  const kept: string[] = [];
  let bytes = 0;
  for (const character of tidy) {
    bytes += bytesOf(character.codePointAt(0) ?? 0);
    if (bytes > MAX_BYTES || kept.length === MAX_CHARACTERS) break;
    kept.push(character);
  }
  return kept.join('').replace(/[ _-]+$/, '') || DEFAULT_NAME_PREFIX;
}

/** In UTF-8. */
function bytesOf(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}
