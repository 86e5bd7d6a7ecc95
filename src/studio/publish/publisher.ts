import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { PublishServerMessage, PublishStart } from '../../wire/publish.ts';
import { type Backlog, BacklogFullError } from './backlog.ts';
import { CatchUp } from './catch-up.ts';
import { MemoryBacklog } from './memory-backlog.ts';
import type { PageSignals } from './page-signals.ts';
import { PublishConnection } from './publish-connection.ts';
import { PublishError, publishErrorOfClose, type ServerComplaint, wordsOfRetry } from './publish-error.ts';
import type { OpenSocket } from './publish-socket.ts';
import { isOver, type PublisherStatus } from './publisher-status.ts';
import { reconnectDelay } from './reconnect-delay.ts';
import { ServerClock } from './server-clock.ts';
import type { Timing } from './timing.ts';

/** How long a first connection is tried for. Once the server took the session, reconnecting has no such end. */
const CONNECT_TIMEOUT = milliseconds(30_000);
/** How long the end may take without any progress. */
const ENDING_TIMEOUT = milliseconds(60_000);

/** What a publisher needs. */
export interface PublisherOptions {
  /** `wss://host/live/{channel}/publish` */
  readonly url: string;
  /** A UUID, made anew for every container stream. */
  readonly session: string;
  readonly mimeType: string;
  readonly title?: string | undefined;
  /** The stream key, where no sign-in covers the channel. */
  readonly key?: string | undefined;
  /** Takes the channel from whoever publishes to it now. */
  readonly takeover?: boolean | undefined;
  /** What the recording's download name begins with. */
  readonly namePrefix?: string | undefined;
  /** Where unacknowledged bytes are kept; in memory by default. Its to close. */
  readonly backlog?: Backlog | undefined;
  /** The stream was left behind by a tab: it ends where the backlog does, or where what the server holds does. */
  readonly leftBehind?: boolean | undefined;
  /** Shortens the waiting between two attempts. */
  readonly signals?: Pick<PageSignals, 'onWake'> | undefined;
  readonly openSocket: OpenSocket;
  readonly timing: Timing;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Asked when a socket could not be opened at all, of which a browser tells no reason. */
  readonly diagnose?: (() => Promise<PublishError | undefined>) | undefined;
}

const READY: PublisherStatus = {
  state: 'ready',
  error: null,
  problem: null,
  acknowledged: 0,
  total: 0,
  viewers: 0,
  bitrate: 0,
  recording: null,
  elapsed: milliseconds(0),
  roundTrip: null,
  recordingId: null,
  remaining: null,
  catchUp: null,
};

/**
 * Delivers one container stream to a channel, whole and in order, over as many connections as it takes
 * (`headwater.publish.v1`). Everything written is kept until the server acknowledged it.
 */
export class Publisher {
  /** Whether the server took the session: true the first time that it does, false when the publisher closed before. */
  readonly accepted: Promise<boolean>;
  /** Settles with the last status, `ended` or `failed`; never rejects. */
  readonly closed: Promise<PublisherStatus>;
  readonly #options: PublisherOptions;
  readonly #backlog: Backlog;
  readonly #serverClock = new ServerClock();
  readonly #listeners = new Set<(status: PublisherStatus) => void>();
  readonly #accept: (accepted: boolean) => void;
  readonly #settle: (status: PublisherStatus) => void;
  #status = READY;
  #connection: PublishConnection | undefined;
  /** One timer at a time: the next attempt. */
  #retry: { cancel(): void; readonly due: Milliseconds } | undefined;
  /** The first connection's, later the end's. */
  #deadline: { cancel(): void } | undefined;
  #attempt = 0;
  /** The server has taken this session at least once. */
  #wasAccepted = false;
  #wasLive = false;
  /** Where the present connection started; undefined while there is none that is ready. */
  #readyOffset: number | undefined;
  #length: number | undefined;
  #lastError: PublishError | undefined;
  #containerStart: Milliseconds | undefined;
  #catchUp: CatchUp | undefined;
  readonly #unlisten: (() => void) | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#backlog = options.backlog ?? new MemoryBacklog();
    const accepted = Promise.withResolvers<boolean>();
    this.accepted = accepted.promise;
    this.#accept = accepted.resolve;
    const closed = Promise.withResolvers<PublisherStatus>();
    this.closed = closed.promise;
    this.#settle = closed.resolve;
    this.#unlisten = options.signals?.onWake(() => this.#hurry());
  }

  get status(): PublisherStatus {
    return this.#status;
  }

  /** Calls after every change of the status; the answer takes the listener off again. */
  subscribe(listener: (status: PublisherStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins to connect. */
  start(): void {
    if (this.#status.state !== 'ready') return;
    this.#deadline = this.#options.timing.after(CONNECT_TIMEOUT, () =>
      this.close(new PublishError('unreachable')),
    );
    this.#set({ state: 'connecting' });
    this.#connect();
  }

  /** The next bytes of the container stream. What comes after the publisher closed is dropped. */
  write(piece: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) return;
    if (this.#length !== undefined) throw new Error('Bytes were written after the end of the stream');
    try {
      this.#backlog.append(piece);
    } catch (error) {
      if (!(error instanceof BacklogFullError)) throw error;
      const code = error.diskFull ? 'storage-full' : 'backlog-full';
      this.close(new PublishError(code, { detail: error.message }));
      return;
    }
    this.#set({ total: this.#backlog.end });
    this.#connection?.pump();
    // Timers of a hidden tab may be a minute late; what is recorded is not.
    if (this.#retry && this.#retry.due <= this.#options.timing.now()) this.#hurry();
  }

  /** Ties the container's clock to the local one: what has timestamp 0 was captured at that point of `timing`. */
  setContainerStart(at: Milliseconds): void {
    this.#containerStart = at;
    this.#connection?.setContainerStart(at);
  }

  /**
   * Everything was written: delivers the rest and waits until the server confirmed the end. With an error, which says
   * why there is no more, it is `failed` then.
   */
  finish(error?: PublishError): Promise<PublisherStatus> {
    if (this.#isClosed || this.#length !== undefined) return this.closed;
    this.#lastError = error;
    if (this.#backlog.end === 0) {
      this.close(error);
      return this.closed;
    }
    this.#length = this.#backlog.end;
    this.#set({ state: 'ending' });
    if (this.#readyOffset !== undefined) this.#expectProgress();
    this.#connection?.finish(this.#length);
    return this.closed;
  }

  /**
   * Stops at once, without delivering the rest: `failed` with an error, else `ended`. A backlog that outlives the tab is
   * kept, unless the server will never take it.
   */
  close(error?: PublishError): void {
    if (this.#isClosed) return;
    this.#retry?.cancel();
    this.#deadline?.cancel();
    this.#connection?.close();
    this.#connection = undefined;
    this.#unlisten?.();
    const delivered = this.#status.acknowledged === this.#backlog.end;
    void this.#backlog.close(!delivered && (error === undefined || error.mayTryLater));
    const state = error ? 'failed' : 'ended';
    this.#set({ state, error: error ?? null, problem: null, bitrate: 0, remaining: null, catchUp: null });
    this.#accept(false);
    this.#settle(this.#status);
    this.#listeners.clear();
  }

  get #isClosed(): boolean {
    return isOver(this.#status.state);
  }

  #connect(): void {
    const { url, openSocket, timing } = this.#options;
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#readyOffset = undefined;
    const connection = new PublishConnection({
      url,
      start: this.#startMessage(),
      mayEndBeyond: this.#options.leftBehind ?? false,
      openSocket,
      backlog: this.#backlog,
      serverClock: this.#serverClock,
      timing,
      events: {
        ready: (offset) => this.#beReady(connection, offset),
        acknowledged: (offset) => this.#acknowledge(offset),
        status: (status) => this.#report(status),
        ended: (recording) => {
          this.#set({ acknowledged: this.#backlog.end, recordingId: recording });
          this.close(this.#lastError);
        },
        lost: (code, complaint) => this.#lose(code, complaint),
      },
    });
    this.#connection = connection;
    if (this.#containerStart !== undefined) connection.setContainerStart(this.#containerStart);
  }

  #startMessage(): PublishStart {
    const { session, mimeType, title, key, takeover, namePrefix, leftBehind } = this.#options;
    return {
      type: 'start',
      session,
      mimeType,
      ...(title ? { name: title } : {}),
      ...(key ? { key } : {}),
      ...(namePrefix !== undefined ? { namePrefix } : {}),
      // A server that knows nothing of this session must not begin it in the middle.
      ...(this.#backlog.start > 0 ? { from: this.#backlog.start } : {}),
      ...(leftBehind ? { late: true } : {}),
      // Only to get in: a publisher that lost its place later asks its owner before it takes it back.
      ...(takeover && !this.#wasAccepted ? { takeover } : {}),
    };
  }

  #beReady(connection: PublishConnection, offset: number): void {
    this.#attempt = 0;
    this.#readyOffset = offset;
    if (!this.#wasAccepted) {
      this.#wasAccepted = true;
      if (this.#length === undefined) this.#deadline?.cancel();
      this.#accept(true);
    }
    this.#catchUp = CatchUp.begin(offset, this.#backlog.end, this.#options.timing.now());
    this.#set({ problem: null });
    this.#showCatchUp(offset);
    if (this.#length === undefined) return;
    this.#length = Math.max(this.#length, offset);
    this.#expectProgress();
    connection.finish(this.#length);
  }

  #acknowledge(offset: number): void {
    if (offset < this.#status.acknowledged) return;
    this.#backlog.release(offset);
    this.#set({ acknowledged: offset });
    this.#showCatchUp(offset);
    if (this.#length !== undefined) {
      this.#expectProgress();
    } else if (this.#readyOffset !== undefined && offset > this.#readyOffset) {
      this.#wasLive = true;
      this.#set({ state: 'live' });
    }
  }

  #report(status: Extract<PublishServerMessage, { type: 'status' }>): void {
    this.#set({
      viewers: status.viewers,
      bitrate: status.bitrate,
      recording: status.recording,
      elapsed: milliseconds(status.elapsed),
      remaining: status.remaining === undefined ? null : milliseconds(status.remaining),
      roundTrip: this.#serverClock.roundTrip ?? null,
    });
  }

  #lose(code: number | undefined, complaint: ServerComplaint | undefined): void {
    this.#connection = undefined;
    // How long the end takes counts from when there is a connection to deliver it.
    if (this.#wasAccepted) this.#deadline?.cancel();
    const wasReady = this.#readyOffset !== undefined;
    this.#readyOffset = undefined;
    const error = code === undefined ? undefined : publishErrorOfClose(code, complaint);
    if (error) {
      if (complaint?.recording) this.#set({ recordingId: complaint.recording });
      this.close(error);
      return;
    }
    this.#set({
      problem: wordsOfRetry(code),
      bitrate: 0,
      catchUp: null,
      state: this.#stateWithoutConnection(),
    });
    if (!wasReady) this.#diagnose();
    const delay = reconnectDelay(this.#attempt++, this.#options.random);
    const { timing } = this.#options;
    const timer = timing.after(delay, () => this.#connect());
    this.#retry = { cancel: () => timer.cancel(), due: milliseconds(timing.now() + delay) };
  }

  /** Does not wait any longer; where there is a connection, finds out whether it still is one. */
  #hurry(): void {
    this.#connection?.probe();
    if (!this.#retry || this.#isClosed) return;
    this.#attempt = 1;
    this.#connect();
  }

  #showCatchUp(offset: number): void {
    if (!this.#catchUp) return;
    const progress = this.#catchUp.progress(offset, this.#backlog.end, this.#options.timing.now());
    if (!progress) this.#catchUp = undefined;
    this.#set({ catchUp: progress ?? null });
  }

  #stateWithoutConnection(): PublisherStatus['state'] {
    if (this.#length !== undefined) return 'ending';
    return this.#wasLive ? 'reconnecting' : 'connecting';
  }

  #diagnose(): void {
    this.#options.diagnose?.().then(
      (error) => error && this.close(error),
      // The question failing says only what is known already: there is no connection.
      () => {},
    );
  }

  #expectProgress(): void {
    this.#deadline?.cancel();
    this.#deadline = this.#options.timing.after(ENDING_TIMEOUT, () =>
      this.close(new PublishError('unfinished')),
    );
  }

  #set(change: Partial<PublisherStatus>): void {
    this.#status = { ...this.#status, ...change };
    for (const listener of [...this.#listeners]) listener(this.#status);
  }
}
