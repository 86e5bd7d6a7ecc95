/** Opcodes of data frames (RFC 6455 §5.2). */
const TEXT = 1;
const BINARY = 2;
const FINAL = 0x80;
const TWO_BYTE_LENGTH = 126;
const EIGHT_BYTE_LENGTH = 127;

/** The header of an unmasked, unfragmented binary message of that length (RFC 6455 §5.2): as servers send them. */
export function binaryFrameHeader(length: number): Buffer {
  return frameHeader(BINARY, length);
}

/** A binary message in one piece, header first; the parts are copied together. */
export function binaryFrame(parts: readonly Uint8Array[], length: number): Buffer {
  return Buffer.concat([frameHeader(BINARY, length), ...parts]);
}

/** A text message in one piece, with its JSON. */
export function textFrame(message: object): Buffer {
  const text = Buffer.from(JSON.stringify(message));
  return Buffer.concat([frameHeader(TEXT, text.byteLength), text]);
}

function frameHeader(opcode: number, length: number): Buffer {
  if (length < TWO_BYTE_LENGTH) return Buffer.of(FINAL | opcode, length);
  const header = Buffer.allocUnsafe(length < 65_536 ? 4 : 10);
  header[0] = FINAL | opcode;
  if (length < 65_536) {
    header[1] = TWO_BYTE_LENGTH;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = EIGHT_BYTE_LENGTH;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return header;
}
