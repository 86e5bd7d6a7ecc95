import type { Socket } from 'node:net';
import { milliseconds } from '../../media/time.ts';
import { withAuthentication } from './authentication.ts';
import { DestinationError } from './destination-error.ts';
import { PublishConnection } from './publish-connection.ts';
import { type PublishTarget, parsePublishTarget } from './publish-target.ts';
import type { DestinationSettings, PushHost } from './push.ts';
import { withDeadline } from './with-deadline.ts';

/** How far a test of a destination came. */
export interface DestinationReport {
  readonly reached: boolean;
  /** Null when it was reached. */
  readonly code: DestinationError['code'] | null;
  /** What was wrong and what to do, or what a test cannot tell. */
  readonly words: string;
}

/** For finding the host; and for dialling, all addresses together. */
const TIMEOUT = milliseconds(10_000);
/** A push goes from one address to the next as well. */
const MOST_ADDRESSES = 4;
/** What may be another at another address. */
const ELSEWHERE: ReadonlySet<DestinationError['code']> = new Set(['unreachable', 'no-answer', 'closed']);
const REACHED =
  'The server takes the connection. Whether it takes the stream key shows when you go live: nothing was published.';

/** Connects to a destination up to where `publish` would come, and publishes nothing. Never throws. */
export async function probeDestination(
  { url, streamKey }: DestinationSettings,
  host: Omit<PushHost, 'changed'>,
): Promise<DestinationReport> {
  try {
    const target = parsePublishTarget(url, streamKey);
    const resolve = (signal: AbortSignal) => host.policy.resolve(target.host, signal);
    const addresses = (await withDeadline(host.clock, TIMEOUT, resolve)).slice(0, MOST_ADDRESSES);
    const timeout = milliseconds(TIMEOUT / addresses.length);
    let error: DestinationError | undefined;
    for (const address of addresses) {
      error = await withDeadline(host.clock, timeout, (signal) => tryAddress(address, target, host, signal));
      if (!error || !ELSEWHERE.has(error.code)) break;
    }
    if (error) throw error;
    return { reached: true, code: null, words: REACHED };
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
    return { reached: false, code: error.code, words: error.message };
  }
}

async function tryAddress(
  address: string,
  target: PublishTarget,
  host: Omit<PushHost, 'changed'>,
  signal: AbortSignal,
): Promise<DestinationError | undefined> {
  const { authorities, openSocket } = host;
  try {
    return await withAuthentication(target, async (asked) =>
      shakeHands(await openSocket({ address, target: asked, authorities, signal }), asked, host),
    );
  } catch (error) {
    if (error instanceof DestinationError) return error;
    throw error;
  }
}

async function shakeHands(
  socket: Socket,
  target: PublishTarget,
  { clock }: Omit<PushHost, 'changed'>,
): Promise<DestinationError | undefined> {
  const connection = new PublishConnection(socket, target, clock, {
    onReady: () => connection.close(),
    onPublishing: () => {},
  });
  return await connection.closed;
}
