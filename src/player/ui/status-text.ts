import type { PlayerProblem, PlayerState } from '../viewer-state.ts';

/** What the words are about. */
export interface Status {
  readonly state: PlayerState;
  readonly problem: PlayerProblem | undefined;
  /** A picture is on the screen, if only its last one. */
  readonly hasPicture: boolean;
}

/** A line that says what is the matter, and one that says what will happen. Both empty while all is well. */
export interface StatusText {
  readonly message: string;
  readonly detail: string;
}

/** The player's state in words. */
export function statusText({ state, problem, hasPicture }: Status): StatusText {
  switch (state) {
    case 'connecting':
      return hasPicture
        ? { message: 'Connection lost', detail: 'Reconnecting…' }
        : { message: 'Connecting…', detail: '' };
    case 'offline':
      return { message: 'Waiting for the broadcaster', detail: 'The picture starts here by itself.' };
    case 'interrupted':
      return {
        message: 'The broadcast is interrupted',
        detail: 'It goes on by itself when the broadcaster is back.',
      };
    case 'ended':
      return { message: 'The broadcast has ended', detail: 'The next one starts here by itself.' };
    case 'error':
      return { message: 'Nothing can be played', detail: problem?.message ?? '' };
    case 'live':
    case 'rewound':
      return { message: '', detail: '' };
  }
}

/** A length of time as it is shown: `2:31`, `1:02:31`. */
export function timeText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** A delay as it is shown: `0.4 s`, and whole seconds from 10 on. */
export function delayText(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  return `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}
