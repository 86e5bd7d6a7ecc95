import type { Socket } from 'node:net';

/** Counts what viewers were sent, without any work per message: each connection knows its own sum. */
export class ViewerTraffic {
  readonly #open = new Set<Socket>();
  #closedBytes = 0;
  #requests = 0;

  /** Counts that connection, until and after it is closed. */
  add(connection: Socket): void {
    this.#open.add(connection);
    connection.once('close', () => {
      this.#open.delete(connection);
      this.#closedBytes += connection.bytesWritten;
    });
  }

  /** Counts an answer, and what was sent with it, on a connection that is not counted as a whole. */
  count(bytes: number): void {
    this.#requests += 1;
    this.#closedBytes += bytes;
  }

  /** Requests for playlists, manifests and media that were answered so far. */
  get requests(): number {
    return this.#requests;
  }

  /** Bytes given to all connections so far, WebSocket frames and handshakes included. */
  get bytes(): number {
    let sum = this.#closedBytes;
    for (const connection of this.#open) sum += connection.bytesWritten;
    return sum;
  }
}
