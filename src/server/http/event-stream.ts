import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../channel/clock.ts';
import { milliseconds } from '../../media/time.ts';

const HEARTBEAT = milliseconds(15_000);
/** Who leaves so many bytes unread is gone. */
const MOST_UNREAD = 16 * 1024;

/** What every stream of events is sent with. */
export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // nginx would gather them.
  'x-accel-buffering': 'no',
} as const;

/** An answer that goes on: server-sent events (HTML §9.2). Ends with its connection, or when nobody reads it. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #closed = false;

  constructor(response: ServerResponse, clock: Clock, headers: OutgoingHttpHeaders = {}) {
    this.#response = response;
    this.#clock = clock;
    response.on('error', () => {});
    response.writeHead(200, { ...EVENT_STREAM_HEADERS, ...headers });
    this.#write('retry: 3000\n\n');
  }

  send(data: string): void {
    this.#write(`data: ${data}\n\n`);
  }

  /** Ends it; idempotent. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#response.end();
  }

  #write(text: string): void {
    if (this.#closed) return;
    if (this.#response.writableLength > MOST_UNREAD) {
      this.#response.destroy();
      return;
    }
    this.#response.write(text);
    this.#timer?.cancel();
    // So that proxies do not take it for dead.
    this.#timer = this.#clock.after(HEARTBEAT, () => this.#write(':\n\n'));
  }
}
