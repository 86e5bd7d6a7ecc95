import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { ConfigError } from '../config/config-error.ts';

/** What a request says of where it was made, as far as it is believed. */
export interface RequestOrigin {
  /** The client's address. */
  readonly address: string;
  /** Host and port as the client named them; empty when it named none. */
  readonly host: string;
}

/** The reverse proxies whose `X-Forwarded-*` headers are believed. Throws ConfigError for what is neither. */
export class TrustedProxies {
  readonly #list = new BlockList();

  constructor(addresses: readonly string[]) {
    for (const text of addresses) {
      const [address = '', prefix] = text.split('/');
      const version = isIP(address);
      const bits = prefix === undefined ? (version === 6 ? 128 : 32) : Number(prefix);
      if (version === 0 || !/^\d{1,3}$/.test(String(bits)) || bits > (version === 6 ? 128 : 32)) {
        throw new ConfigError([
          `server.trustProxy: expected addresses or networks such as 10.0.0.0/8, got "${text}"`,
        ]);
      }
      this.#list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4');
    }
  }

  /** Whether that address is a proxy of ours. */
  trusts(address: string | undefined): boolean {
    const plain = withoutMapping(address ?? '');
    const version = isIP(plain);
    return version !== 0 && this.#list.check(plain, version === 6 ? 'ipv6' : 'ipv4');
  }

  /** For requests that Fastify does not see: WebSocket upgrades. */
  originOf(request: IncomingMessage): RequestOrigin {
    const peer = withoutMapping(request.socket.remoteAddress ?? '');
    const host = request.headers.host ?? '';
    if (!this.trusts(peer)) return { address: peer, host };
    const hops = list(request.headers['x-forwarded-for']).reverse();
    const client = hops.find((hop) => !this.trusts(hop)) ?? hops.at(-1) ?? peer;
    return { address: client, host: list(request.headers['x-forwarded-host']).at(-1) ?? host };
  }
}

/** An IPv4 address that came in on an IPv6 socket, as the IPv4 address that it is. */
const withoutMapping = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, '');

const list = (header: string | string[] | undefined) =>
  (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
