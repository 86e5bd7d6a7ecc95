/** What a publisher uses of a WebSocket. */
export interface PublishSocket {
  /** Bytes that were given to `send` and have not left yet. */
  readonly bufferedAmount: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
}

/** What a socket says to its owner; `closed` is the last call, and comes exactly once. */
export interface SocketEvents {
  opened(): void;
  received(text: string): void;
  closed(code: number): void;
}

/** Opens a socket under one subprotocol. The events come later, never from within the call. */
export type OpenSocket = (url: string, protocol: string, events: SocketEvents) => PublishSocket;

/** Opens the browser's WebSocket. */
export const openWebSocket: OpenSocket = (url, protocol, events) => {
  const socket = new WebSocket(url, protocol);
  socket.addEventListener('open', () => events.opened());
  socket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') events.received(data);
  });
  socket.addEventListener('close', ({ code }) => events.closed(code));
  return socket;
};
