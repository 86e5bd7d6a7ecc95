const MASK = '••••';
const LONGEST = 200;
/** Shorter parts of a key may be common words. */
const SHORTEST_PART = 6;

/** What a server said, fit for a person: one line, not too long, and without the stream key or any part of it. */
export function redactKey(text: string, streamName: string): string {
  const parts = streamName.split(/[?&=/]/).filter((part) => part.length >= SHORTEST_PART);
  if (streamName !== '') parts.push(streamName);
  let words = text;
  for (const part of [...new Set(parts)].sort((a, b) => b.length - a.length)) {
    words = words.replaceAll(part, MASK).replaceAll(encodeURIComponent(part), MASK);
  }
  // Control characters and line breaks would forge lines of a log.
  return words
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, LONGEST);
}
