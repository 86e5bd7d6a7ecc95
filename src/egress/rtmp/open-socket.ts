import { connect as connectTcp, isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { DestinationError } from './destination-error.ts';
import type { PublishTarget } from './publish-target.ts';

/** Keeps routers from forgetting a connection, in milliseconds. */
const KEEP_ALIVE = 15_000;

const contexts = new WeakMap<readonly string[], SecureContext>();

/** What trusts these beside the public authorities: a megabyte, and one for all who are given the same list. */
function contextOf(authorities: readonly string[]): SecureContext {
  let context = contexts.get(authorities);
  if (!context) {
    const ca = [...getCACertificates('default'), ...authorities];
    context = createSecureContext({ ca, minVersion: 'TLSv1.2' });
    contexts.set(authorities, context);
  }
  return context;
}

/** How a socket is opened. */
export interface OpenSocketOptions {
  /** Checked already: no name is resolved here. */
  readonly address: string;
  readonly target: PublishTarget;
  /** PEM. */
  readonly authorities: readonly string[];
  /** Gives up, and destroys the socket. */
  readonly signal: AbortSignal;
}

/** Dials the address, over TLS where the target wants it. Throws DestinationError `unreachable`, `certificate-refused`. */
export async function openSocket({
  address,
  target,
  authorities,
  signal,
}: OpenSocketOptions): Promise<Socket> {
  const tcp = connectTcp({ host: address, port: target.port, noDelay: true, keepAlive: true });
  tcp.setKeepAlive(true, KEEP_ALIVE);
  const connected = await opened(tcp, 'connect', target, signal);
  if (!target.tls) return connected;
  const tls: TLSSocket = connectTls({
    socket: tcp,
    host: target.host,
    // A server name is never an address (RFC 6066 §3).
    ...(isIP(target.host) ? {} : { servername: target.host }),
    ...(authorities.length > 0 && { secureContext: contextOf(authorities) }),
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    checkServerIdentity: (_, certificate) => checkServerIdentity(target.host, certificate),
  });
  return await opened(tls, 'secureConnect', target, signal);
}

async function opened<T extends Socket>(
  socket: T,
  event: 'connect' | 'secureConnect',
  target: PublishTarget,
  signal: AbortSignal,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const give = () =>
    reject(new DestinationError('no-answer', `${target.host} does not answer on port ${target.port}.`));
  if (signal.aborted) give();
  signal.addEventListener('abort', give, { once: true });
  socket.once(event, () => resolve(socket));
  socket.once('error', (error: NodeJS.ErrnoException) => reject(translate(error, event, target)));
  socket.once('close', () => reject(translate(undefined, event, target)));
  try {
    return await promise;
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', give);
  }
}

/** Certificates that are not good, as OpenSSL and Node name them. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|CRL|HOSTNAME_MISMATCH/;

function translate(
  error: NodeJS.ErrnoException | undefined,
  event: 'connect' | 'secureConnect',
  { host, port }: PublishTarget,
): DestinationError {
  const code = error?.code ?? '';
  if (event === 'connect') {
    const why =
      code === 'ECONNREFUSED' ? 'refuses connections' : `cannot be reached${code ? ` (${code})` : ''}`;
    return new DestinationError('unreachable', `${host} ${why} on port ${port}.`);
  }
  if (CERTIFICATE.test(code)) {
    return new DestinationError(
      'certificate-refused',
      `The certificate of ${host} is not trusted (${code}). If its authority is your own, name that in the setting restream.authorities.`,
      true,
    );
  }
  return new DestinationError(
    'unreachable',
    `${host} does not speak TLS on port ${port}${code ? ` (${code})` : ''}.`,
  );
}
