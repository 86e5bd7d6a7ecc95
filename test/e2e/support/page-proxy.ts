import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';

interface Page {
  readonly body: string | Uint8Array;
  readonly type: string;
  readonly headers?: Record<string, string>;
}

/** A reverse proxy of HTTP before a server, with pages of its own, that can refuse WebSockets as many do. */
export class PageProxy {
  /** `http://127.0.0.1:12345` */
  url = '';
  /** Whether WebSockets get through: new ones are refused with 400, those that are open stay until they are cut. */
  webSockets: 'passed' | 'refused' = 'passed';
  /** Paths of requests that were passed on, since it was last emptied. */
  readonly requests: string[] = [];
  readonly #target: URL;
  readonly #server: Server;
  readonly #pages = new Map<string, Page>();
  readonly #upgraded = new Set<Socket>();

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((incoming, response) => this.#answer(incoming, response));
    this.#server.on('upgrade', (incoming, socket, head) => this.#upgrade(incoming, socket as Socket, head));
  }

  /** Opens one to a server; its owner closes it. */
  static async open(target: string): Promise<PageProxy> {
    const proxy = new PageProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    proxy.url = `http://127.0.0.1:${(proxy.#server.address() as AddressInfo).port}`;
    return proxy;
  }

  /** Serves this at that path, instead of what the server has there. */
  page(path: string, page: Page): void {
    this.#pages.set(path, page);
  }

  /** Cuts every WebSocket that is open. */
  cutWebSockets(): void {
    for (const socket of this.#upgraded) socket.destroy();
  }

  async close(): Promise<void> {
    this.cutWebSockets();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer(incoming: IncomingMessage, response: ServerResponse): void {
    const page = this.#pages.get(new URL(incoming.url ?? '/', 'http://host').pathname);
    if (page) {
      response.writeHead(200, { 'content-type': page.type, ...page.headers }).end(page.body);
      return;
    }
    this.requests.push(incoming.url ?? '');
    const { method, url: path, headers } = incoming;
    const { hostname, port } = this.#target;
    const onward = request({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }

  #upgrade(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => {});
    if (this.webSockets === 'refused') {
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const onward = connect(Number(this.#target.port), this.#target.hostname);
    onward.on('error', () => {});
    const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
    for (let index = 0; index < incoming.rawHeaders.length; index += 2)
      lines.push(`${incoming.rawHeaders[index]}: ${incoming.rawHeaders[index + 1]}`);
    onward.write(`${lines.join('\r\n')}\r\n\r\n`);
    onward.write(head);
    socket.pipe(onward).pipe(socket);
    this.#upgraded.add(socket);
    socket.on('close', () => {
      this.#upgraded.delete(socket);
      onward.destroy();
    });
    onward.on('close', () => socket.destroy());
  }
}
