import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { DestinationError } from './destination-error.ts';

/** Answers every address of a host name. */
export type LookUp = (host: string) => Promise<readonly string[]>;

/** IPv4 that is not a host of the public internet (IANA special-purpose registry, RFC 6890). */
const SPECIAL_IPV4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15'],
  ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
];
/** Global unicast (RFC 4291 §2.4): everything else is loopback, mapped, link-local, private, NAT64 or multicast. */
const GLOBAL_IPV6 = '2000::/3';
/** What of it is no host either, or another spelling of IPv4: Teredo and the like, 6to4, documentation. */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** Addresses or networks as `restream.allow` lists them; what is neither is a host name. */
function readNetworks(items: readonly string[]): { networks: BlockList; hosts: Set<string> } {
  const networks = new BlockList();
  const hosts = new Set<string>();
  for (const item of items) {
    const [address = '', bits] = item.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (isIP(address) === 0) hosts.add(item.toLowerCase());
    else
      networks.addSubnet(address, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  }
  return { networks, hosts };
}

/** Why an entry of `restream.allow` cannot be read, in words; undefined where it can. */
export function problemOfAllowed(item: string): string | undefined {
  const [address = '', bits, ...rest] = item.split('/');
  const version = isIP(address);
  if (version === 0)
    return /^[a-z0-9._-]+$/i.test(item) ? undefined : `${item} is no address, network or host name`;
  const most = version === 4 ? 32 : 128;
  const valid = rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
  return valid ? undefined : `${item} is no network`;
}

/**
 * Which addresses may be dialled: hosts of the public internet, and what the setting allows. Whoever may add destinations
 * must not be able to reach into the server's own network with them.
 */
export class AddressPolicy {
  readonly #allowed: { readonly networks: BlockList; readonly hosts: ReadonlySet<string> };
  readonly #special = readNetworks([...SPECIAL_IPV4, ...SPECIAL_IPV6]).networks;
  readonly #global = readNetworks([GLOBAL_IPV6]).networks;
  readonly #lookUp: LookUp;

  /** `allow`: networks, addresses and host names that may be dialled whatever they are. */
  constructor(allow: readonly string[], lookUp: LookUp) {
    this.#allowed = readNetworks(allow);
    this.#lookUp = lookUp;
  }

  /**
   * Resolves a host once and checks every address: these and no others are to be dialled. Throws DestinationError
   * `host-not-found`, also when it is given up, or `address-refused` when any of them may not be.
   */
  async resolve(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const addresses = isIP(host) ? [host] : await this.#find(host, signal);
    if (this.#allowed.hosts.has(host.toLowerCase())) return addresses;
    const refused = addresses.find((address) => !this.#allows(address));
    if (refused === undefined) return addresses;
    throw new DestinationError(
      'address-refused',
      `${host} is at ${refused}, which is not on the public internet. To allow it, list it in the setting restream.allow.`,
      true,
    );
  }

  async #find(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const { promise: given, resolve } = Promise.withResolvers<readonly string[]>();
    const give = () => resolve([]);
    signal.addEventListener('abort', give, { once: true });
    const found = this.#lookUp(host).catch(() => []);
    const addresses = signal.aborted ? [] : await Promise.race([found, given]);
    signal.removeEventListener('abort', give);
    if (addresses.length > 0) return addresses;
    throw new DestinationError(
      'host-not-found',
      `There is no host named ${host}, or the name server does not answer.`,
    );
  }

  #allows(address: string): boolean {
    // Without its zone, as in fe80::1%eth0.
    const plain = address.split('%')[0] ?? '';
    if (isIPv4(plain)) return this.#allowed.networks.check(plain) || !this.#special.check(plain);
    if (!isIPv6(plain)) return false;
    if (this.#allowed.networks.check(plain, 'ipv6')) return true;
    return this.#global.check(plain, 'ipv6') && !this.#special.check(plain, 'ipv6');
  }
}
