import type { Milliseconds } from '../../media/time.ts';
import type { RecordingView } from './recording-view.ts';
import type { SessionFiles } from './session-files.ts';
import type { SessionHost } from './session-host.ts';
import type { ToChannel } from './to-channel.ts';

/** A session as its checkpoints see it. */
export interface CheckpointedSession {
  readonly files: SessionFiles;
  /** Undefined when it is over. */
  input(): ToChannel | undefined;
  recording(): RecordingView | undefined;
  isToRemake(recording: RecordingView | undefined): boolean;
}

const INTERVAL = 5000;

/** Notes from time to time how far a session was made, for a process that goes on after this one. */
export class SessionCheckpoints {
  readonly #session: CheckpointedSession;
  readonly #host: Pick<SessionHost, 'clock' | 'journals'>;
  #notedAt: Milliseconds;
  #isNoting = false;

  constructor(session: CheckpointedSession, host: Pick<SessionHost, 'clock' | 'journals'>) {
    this.#session = session;
    this.#host = host;
    this.#notedAt = host.clock.now();
  }

  /** About once a second. */
  tick(now: Milliseconds): void {
    if (this.#isNoting || now - this.#notedAt < INTERVAL) return;
    this.#isNoting = true;
    this.#notedAt = now;
    void this.#host.journals
      .inTurn(() => this.#note())
      .finally(() => {
        this.#isNoting = false;
      });
  }

  async #note(): Promise<void> {
    const { files } = this.#session;
    const input = this.#session.input();
    const broadcast = input?.broadcast;
    const checkpoint = input?.checkpoint(files.durable);
    if (!input || !broadcast || !checkpoint || input.left) return;
    const { point, made } = checkpoint;
    const { position, ends } = broadcast;
    // All of one moment: the recording notes at once how it stands, and answers when that is on the disk.
    const view = this.#session.recording();
    const recording = (await view?.checkpoint()) ?? null;
    const isRecorded = view?.state === 'recording';
    if (!this.#session.input() || isRecorded !== (recording !== null)) return;
    await files.update({
      remake: this.#session.isToRemake(view),
      broadcast: broadcast.info.id,
      broadcastStartedAt: broadcast.info.startedAt,
      captureDistance: input.captureDistance ?? null,
      checkpoint: { ...point, made, position, ends, recording },
    });
  }
}
