import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A network of our own between a browser and the server: it can be cut, held, and mended. */
export class CutProxy {
  /** `http://127.0.0.1:12345`: the same server by another way. */
  url = '';
  #state: 'open' | 'held' | 'cut' = 'open';
  readonly #target: URL;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #held: (() => void)[] = [];

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Opens one to a server; its owner closes it. */
  static async open(target: string): Promise<CutProxy> {
    const proxy = new CutProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    proxy.url = `http://127.0.0.1:${(proxy.#server.address() as AddressInfo).port}`;
    return proxy;
  }

  /** Breaks every connection, and every new one at once. */
  cut(): void {
    this.#state = 'cut';
    for (const socket of this.#sockets) socket.destroy();
  }

  /** New connections come about, but hear nothing until it is mended. */
  hold(): void {
    this.#state = 'held';
  }

  /** All is well again. */
  mend(): void {
    this.#state = 'open';
    for (const release of this.#held.splice(0)) release();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(socket: Socket): void {
    this.#track(socket);
    if (this.#state === 'cut') socket.destroy();
    else if (this.#state === 'held') this.#held.push(() => this.#forward(socket));
    else this.#forward(socket);
  }

  #forward(socket: Socket): void {
    if (socket.destroyed) return;
    const upstream = connect(Number(this.#target.port), this.#target.hostname);
    this.#track(upstream);
    socket.pipe(upstream).pipe(socket);
    for (const [end, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      end.on('close', () => other.destroy());
    }
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    // A connection that breaks is what it is for.
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
