import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Somebody else's web site, on an origin and a host of its own. */
export interface StrangersSite {
  /** `http://localhost:12345` */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves one page with this in its body, at every path. */
export async function openStrangersSite(body: string): Promise<StrangersSite> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(
      `<!doctype html><html lang="en"><title>Somebody else's page</title><body>${body}</body></html>`,
    );
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
