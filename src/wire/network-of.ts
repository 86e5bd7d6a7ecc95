const GROUPS = 8;
/** Of the eight groups of an IPv6 address, those that name a network: its first 64 bits. */
const NETWORK_GROUPS = 4;
const MAPPED = /^::ffff:(?=\d+\.)/i;

/**
 * What stands for one client where shares and failures are counted by address: an IPv4 address as it is, of IPv6 its /64,
 * as every line gets at least so many (RFC 6177 §2). Other text is given back.
 */
export function networkOf(address: string): string {
  const plain = address.replace(MAPPED, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = groupsOf(head);
  if (tail !== undefined) {
    const rest = groupsOf(tail);
    groups.push(...Array<string>(Math.max(0, GROUPS - groups.length - rest.length)).fill('0'), ...rest);
  }
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''));
  return `${network.join(':')}::/64`;
}

/** An IPv4 address at the end is two of them. */
const groupsOf = (text: string): string[] =>
  text.split(':').flatMap((group) => (group.includes('.') ? [group, group] : group === '' ? [] : [group]));
