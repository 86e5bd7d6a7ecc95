import { DeliveryError } from './delivery-error.ts';

/** Consecutive bytes of a body. */
export interface ByteRange {
  readonly first: number;
  /** Inclusive. */
  readonly last: number;
}

/**
 * Reads a `Range` header (RFC 9110 §14.2) for a body of that size: undefined for all of it, as where several ranges are
 * asked for at once. Throws DeliveryError `range-not-satisfiable` for what is malformed or beyond the end.
 */
export function readByteRange(header: string | undefined, size: number): ByteRange | undefined {
  if (header === undefined) return undefined;
  const value = header.trim();
  if (!/^bytes=/i.test(value)) return undefined;
  if (/^bytes=[\d\s-]*,[\d\s,-]*$/i.test(value)) return undefined;
  const match = /^bytes=(\d{0,16})-(\d{0,16})$/i.exec(value);
  if (!match || (match[1] === '' && match[2] === '')) throw unsatisfiable('The range is malformed.', size);
  if (match[1] === '') {
    const suffix = Math.min(Number(match[2]), size);
    if (suffix === 0) throw unsatisfiable(`None of the ${size} bytes is in the range.`, size);
    return { first: size - suffix, last: size - 1 };
  }
  const first = Number(match[1]);
  const last = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[2] !== '' && Number(match[2]) < first)
    throw unsatisfiable('The range ends before it begins.', size);
  if (first >= size) throw unsatisfiable(`None of the ${size} bytes is in the range.`, size);
  return { first, last };
}

const unsatisfiable = (message: string, size: number) =>
  new DeliveryError('range-not-satisfiable', message, { 'content-range': `bytes */${size}` });
