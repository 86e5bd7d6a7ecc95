const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Bytes for people: `0 B`, `940 kB`, `1.3 GB`; powers of 1000. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let size = 0;
  while (value >= 999.5 && size < SIZES.length - 1) {
    value /= 1000;
    size += 1;
  }
  const digits = size === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${SIZES[size]}`;
}

/** Bits in a second for people: `0 kbit/s`, `850 kbit/s`, `2.5 Mbit/s`. */
export function formatBitrate(bitsPerSecond: number): string {
  const kilobits = Math.max(0, Math.round(bitsPerSecond / 1000));
  return kilobits < 1000
    ? `${kilobits} kbit/s`
    : `${(kilobits / 1000).toFixed(kilobits < 99_950 ? 1 : 0)} Mbit/s`;
}

/** A count with its noun: `no viewers`, `1 viewer`, `1,204 viewers`. */
export function formatCount(count: number, noun: string): string {
  if (count === 0) return `no ${noun}s`;
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
