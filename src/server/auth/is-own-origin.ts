/**
 * Whether an `Origin` header names the host that the request was sent to. The scheme is not compared: behind a
 * proxy that ends TLS it cannot be known. `null` and malformed origins are never ours.
 */
export function isOwnOrigin(origin: string, host: string): boolean {
  const match = /^https?:\/\/([^/\s?#@\\]+)$/i.exec(origin);
  return match?.[1] !== undefined && host !== '' && withPort(match[1], origin) === withPort(host, origin);
}

/** A default port may be named or left out. */
function withPort(host: string, origin: string): string {
  const named = /:\d+$/.test(host);
  return (named ? host : `${host}:${origin.toLowerCase().startsWith('https:') ? 443 : 80}`).toLowerCase();
}
