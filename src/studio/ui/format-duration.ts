/** A length of time as a clock shows it: `0:07`, `12:34`, `1:02:03`. Milliseconds, rounded down to seconds. */
export function formatDuration(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  const seconds = two(total % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${seconds}` : `${minutes}:${seconds}`;
}

/** A length of time for `<time datetime>` (HTML §2.3.8: a duration string). */
export function durationToken(ms: number): string {
  return `PT${Math.max(0, Math.floor(ms / 1000))}S`;
}
