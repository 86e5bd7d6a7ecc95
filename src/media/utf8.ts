const REPLACEMENT = 0xfffd;

/** Text as UTF-8 (RFC 3629); half of a surrogate pair becomes U+FFFD. This layer has no TextEncoder. */
export function writeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let at = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    at = writeCodePoint(bytes, at, code >= 0xd800 && code <= 0xdfff ? REPLACEMENT : code);
  }
  return bytes.subarray(0, at);
}

function writeCodePoint(bytes: Uint8Array, start: number, code: number): number {
  let at = start;
  if (code < 0x80) {
    bytes[at++] = code;
    return at;
  }
  if (code < 0x800) {
    bytes[at++] = 0xc0 | (code >> 6);
  } else {
    if (code < 0x10000) {
      bytes[at++] = 0xe0 | (code >> 12);
    } else {
      bytes[at++] = 0xf0 | (code >> 18);
      bytes[at++] = 0x80 | ((code >> 12) & 0x3f);
    }
    bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
  }
  bytes[at++] = 0x80 | (code & 0x3f);
  return at;
}

/** UTF-8 as text; what is not valid becomes U+FFFD. */
export function readUtf8(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const { code, length } = readCodePoint(bytes, at);
    text += String.fromCodePoint(code);
    at += length;
  }
  return text;
}

/** How many bytes follow a lead byte, the bits that it has itself, and the least code point of that length. */
const LEADS = [
  { mask: 0x80, lead: 0x00, bits: 0x7f, follow: 0, least: 0 },
  { mask: 0xe0, lead: 0xc0, bits: 0x1f, follow: 1, least: 0x80 },
  { mask: 0xf0, lead: 0xe0, bits: 0x0f, follow: 2, least: 0x800 },
  { mask: 0xf8, lead: 0xf0, bits: 0x07, follow: 3, least: 0x10000 },
];

function readCodePoint(bytes: Uint8Array, at: number): { code: number; length: number } {
  const first = bytes[at] ?? 0;
  const kind = LEADS.find(({ mask, lead }) => (first & mask) === lead);
  if (!kind) return { code: REPLACEMENT, length: 1 };
  let code = first & kind.bits;
  for (let index = 1; index <= kind.follow; index++) {
    const byte = bytes[at + index];
    if (byte === undefined || (byte & 0xc0) !== 0x80) return { code: REPLACEMENT, length: 1 };
    code = (code << 6) | (byte & 0x3f);
  }
  const valid = code >= kind.least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return valid ? { code, length: kind.follow + 1 } : { code: REPLACEMENT, length: 1 };
}
