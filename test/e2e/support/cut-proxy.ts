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
  /** Who is connected to what. */
  readonly #pairs = new Map<Socket, Socket>();
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

  /** Nothing gets through any more, on old connections and new ones, and nobody is told. */
  stall(): void {
    this.#state = 'held';
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  /** Forgets the old connections that are stalled, as a router does that was restarted: they hang for ever. */
  forget(): void {
    this.#pairs.clear();
  }

  /** All is well again; what was stalled goes on. */
  mend(): void {
    this.#state = 'open';
    for (const [socket, upstream] of this.#pairs) {
      socket.unpipe(upstream).pipe(upstream);
      upstream.unpipe(socket).pipe(socket);
    }
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
    this.#pairs.set(socket, upstream);
    socket.on('close', () => this.#pairs.delete(socket));
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
