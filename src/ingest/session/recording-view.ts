import type { RecordingState } from '../../wire/publish.ts';

/** What a session must know of its broadcast's recording. */
export interface RecordingView {
  /** Undefined before there is anything to record. */
  readonly id: string | undefined;
  readonly state: 'recording' | 'complete' | 'damaged' | 'no-room';
  /** Settles when nothing more is written. */
  readonly closed: Promise<void>;
  /** How it stood at the call, as plain data, once that is as durable as is asked; undefined when nothing is recorded. */
  checkpoint(): Promise<unknown>;
  /** All that came is written, or cannot be: for who makes media faster than a disk may take it. */
  drained(): Promise<void>;
  /** What it is made of was not stored: whoever sees it must be told that. It ends. */
  damage(reason: string): void;
  /** The process stops: the file is put away for another one to go on with. */
  suspend(): void;
}

/** What a publisher is told of it. One that is complete was on until now. */
export function recordingStateOf(recording: RecordingView | undefined): RecordingState {
  if (!recording) return 'off';
  return recording.state === 'complete' ? 'recording' : recording.state;
}
