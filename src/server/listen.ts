import { type AddressInfo, createServer, type Server } from 'node:net';
import type { Http } from './http/http.ts';
import { StartError } from './start-error.ts';

/**
 * Makes sure that an address can be listened on, before anything else is touched: a second start must not open the first
 * one's database only to find its port taken. `variable` is where it can be changed. Throws StartError in words.
 */
export async function checkAddress(host: string, port: number, variable?: string): Promise<void> {
  const server = createServer();
  await listenAt(server, host, port, variable);
  await new Promise<void>((settle) => server.close(() => settle()));
}

/** Listens, and answers the port. `variable` is where it can be changed. Throws StartError in words. */
export async function listenAt(
  server: Server,
  host: string,
  port: number,
  variable?: string,
): Promise<number> {
  await new Promise<void>((settle, reject) => {
    server.once('error', (error) => reject(explainListenError(error, host, port, variable)));
    server.listen({ host, port }, settle);
  });
  return (server.address() as AddressInfo).port;
}

/** The name by which what listens there is reached from this machine. */
export function localNameOf(host: string): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  return everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
}

/** Listens, and answers the address to open on this machine: `http://127.0.0.1:8080`. Throws StartError in words. */
export async function listen(http: Http, host: string, port: number): Promise<string> {
  try {
    await http.listen({ host, port, listenTextResolver: (address) => `listening at ${address}` });
  } catch (error) {
    throw explainListenError(error as NodeJS.ErrnoException, host, port);
  }
  const actual = (http.server.address() as AddressInfo).port;
  return `http://${localNameOf(host)}:${actual}`;
}

/** What an error of `listen` means, and what to do. */
function explainListenError(
  cause: NodeJS.ErrnoException,
  host: string,
  port: number,
  variable = 'HEADWATER_PORT',
): Error {
  switch (cause.code) {
    case 'EADDRINUSE':
      return new StartError(
        'port-in-use',
        `Port ${port} on ${host} is in use. Is Headwater running already? Stop what uses it, or choose another port: ${variable}=${port + 1 > 65_535 ? 8080 : port + 1}`,
        { cause },
      );
    case 'EACCES':
      return new StartError(
        'address-unusable',
        `This user may not listen on port ${port}. Choose one from 1024 on.`,
        {
          cause,
        },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartError(
        'address-unusable',
        `${host} is no address of this machine. Set HEADWATER_HOST to one, or to 0.0.0.0 for all of them.`,
        { cause },
      );
    default:
      return cause;
  }
}
