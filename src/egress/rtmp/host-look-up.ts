import { lookup, Resolver } from 'node:dns/promises';
import type { LookUp } from './address-policy.ts';

/** Of the few threads that files are read and synced on, so many may wait for name servers. */
const MAX_THREADS = 2;
/** For one try, in milliseconds, and how often it is asked. */
const ASKING = { timeout: 3000, tries: 2 };

/** How names are looked up: as the system does, on a thread, or by asking name servers, which takes none. */
export interface LookUps {
  readonly system: LookUp;
  readonly servers: LookUp;
}

/**
 * Looks host names up as the system does, with its `hosts` file, while that takes few threads: name servers that do not
 * answer hold them for long. Others are asked for at the name servers. Who asks for the same name at once gets one answer.
 */
export function hostLookUp(
  { system, servers }: LookUps = { system: askSystem, servers: askServers },
): LookUp {
  const pending = new Map<string, Promise<readonly string[]>>();
  let threads = 0;
  const bySystem = async (host: string): Promise<readonly string[]> => {
    threads += 1;
    try {
      return await system(host);
    } finally {
      threads -= 1;
    }
  };
  const begin = async (host: string): Promise<readonly string[]> => {
    try {
      return await (threads < MAX_THREADS ? bySystem(host) : servers(host));
    } finally {
      pending.delete(host);
    }
  };
  return (host) => {
    const answer = pending.get(host) ?? begin(host);
    pending.set(host, answer);
    return answer;
  };
}

async function askSystem(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

async function askServers(host: string): Promise<readonly string[]> {
  const resolver = new Resolver(ASKING);
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}
