/** Whether an `If-None-Match` header (RFC 9110 §13.1.2) names that entity tag: the client has it already. */
export function matchesTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()));
}
