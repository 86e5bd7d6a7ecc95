import type { Socket } from 'node:net';
import { milliseconds } from '../../media/time.ts';
import { withAuthentication } from './authentication.ts';
import { DestinationError } from './destination-error.ts';
import { PublishConnection } from './publish-connection.ts';
import { type PublishTarget, parsePublishTarget } from './publish-target.ts';
import type { DestinationSettings, PushHost } from './push.ts';

/** How far a test of a destination came. */
export interface DestinationReport {
  readonly reached: boolean;
  /** Null when it was reached. */
  readonly code: DestinationError['code'] | null;
  /** What was wrong and what to do, or what a test cannot tell. */
  readonly words: string;
}

const TIMEOUT = milliseconds(10_000);
const REACHED =
  'The server takes the connection. Whether it takes the stream key shows when you go live: nothing was published.';

/** Connects to a destination up to where `publish` would come, and publishes nothing. Never throws. */
export async function probeDestination(
  { url, streamKey }: DestinationSettings,
  host: Omit<PushHost, 'changed'>,
): Promise<DestinationReport> {
  const abort = new AbortController();
  const timer = host.clock.after(TIMEOUT, () => abort.abort());
  try {
    const target = parsePublishTarget(url, streamKey);
    const [address = ''] = await host.policy.resolve(target.host);
    const { authorities, openSocket } = host;
    const error = await withAuthentication(target, async (asked) => {
      const socket = await openSocket({ address, target: asked, authorities, signal: abort.signal });
      return await shakeHands(socket, asked, host);
    });
    if (error) throw error;
    return { reached: true, code: null, words: REACHED };
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
    return { reached: false, code: error.code, words: error.message };
  } finally {
    timer.cancel();
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
