/** What a socket tells its owner. Nothing is told after {@link PlaySocket.close}, nor after `close`. */
export interface PlaySocketEvents {
  open(): void;
  text(data: string): void;
  binary(data: Uint8Array<ArrayBuffer>): void;
  /** It failed or was closed by the other side. 1006 where there was no close frame (RFC 6455 §7.4.1). */
  close(code: number, reason: string): void;
}

/** A WebSocket, as far as a viewer needs one. */
export interface PlaySocket {
  send(text: string): void;
  close(code?: number): void;
}

/** Starts to connect. May throw when the browser refuses the address outright. */
export type OpenPlaySocket = (url: string, protocol: string, events: PlaySocketEvents) => PlaySocket;

/** The browser's own WebSocket. */
export const openBrowserSocket: OpenPlaySocket = (url, protocol, events) => {
  const socket = new WebSocket(url, protocol);
  socket.binaryType = 'arraybuffer';
  const scope = new AbortController();
  const { signal } = scope;
  socket.addEventListener('open', () => events.open(), { signal });
  socket.addEventListener(
    'message',
    ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') events.text(data);
      else events.binary(new Uint8Array(data));
    },
    { signal },
  );
  socket.addEventListener(
    'close',
    ({ code, reason }) => {
      scope.abort();
      events.close(code, reason);
    },
    { signal },
  );
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: (code) => {
      scope.abort();
      socket.close(code);
    },
  };
};
