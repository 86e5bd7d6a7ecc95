import type { PlayNews } from './load/play-connection.ts';

/**
 * What a viewer is told: `connecting` until a picture is there (or while the connection is lost), `offline` while the
 * broadcaster is waited for, `rewound` while an earlier moment of the broadcast is shown, `interrupted` while a broadcast is held for a broadcaster who was lost.
 */
export type PlayerState = 'connecting' | 'offline' | 'live' | 'rewound' | 'interrupted' | 'ended' | 'error';

/** Why nothing plays. Stable: pages and the documentation rely on them. */
type PlayerErrorCode =
  | 'bad-src'
  | 'not-found'
  | 'protocol'
  | 'unsupported-browser'
  | 'unsupported-codec'
  | 'bad-media';

/** Why nothing plays, and in words that are fit for the viewer. */
export interface PlayerProblem {
  readonly code: PlayerErrorCode;
  readonly message: string;
}

type BroadcastState = 'unknown' | 'offline' | 'live' | 'interrupted' | 'ended';

/** What is known of the connection, the broadcast and the picture, and the one state that it adds up to. */
export class ViewerState {
  #connected = false;
  #broadcast: BroadcastState = 'unknown';
  #hasPicture = false;
  #problem: PlayerProblem | undefined;
  /** The viewer went back in the broadcast. */
  rewound = false;

  get state(): PlayerState {
    if (this.#problem) return 'error';
    if (this.rewound) return this.#hasPicture ? 'rewound' : 'connecting';
    if (!this.#connected || this.#broadcast === 'unknown') return 'connecting';
    if (this.#broadcast === 'live' && !this.#hasPicture) return 'connecting';
    return this.#broadcast;
  }

  /** Why the state is `error`. */
  get problem(): PlayerProblem | undefined {
    return this.#problem;
  }

  /** A picture of the present broadcast is on the screen, if only its last one. */
  get hasPicture(): boolean {
    return this.#hasPicture;
  }

  /** The broadcast is on, as far as is known here: also while this viewer's own connection is lost. */
  get isBroadcasting(): boolean {
    return this.#broadcast === 'live';
  }

  /** The broadcast is on, or held for a broadcaster who was lost. */
  get isOn(): boolean {
    return this.#broadcast === 'live' || this.#broadcast === 'interrupted';
  }

  /** It is known whether there is a broadcast. */
  get isKnown(): boolean {
    return this.#broadcast !== 'unknown';
  }

  /** The server is reached and speaks the protocol. */
  heard(): void {
    this.#connected = true;
    if (this.#problem?.code === 'not-found' || this.#problem?.code === 'protocol') this.#problem = undefined;
  }

  /** The connection has been lost for long enough to say so. */
  disconnected(): void {
    this.#connected = false;
  }

  /** The server told where the broadcast stands. */
  told({ type }: PlayNews): void {
    this.heard();
    // Whose connection was lost when it ended hears only that nothing is on.
    if (type === 'offline') this.#broadcast = this.isOn ? 'ended' : 'offline';
    else if (type === 'interrupted' || type === 'ended') this.#broadcast = type;
    else if (type === 'live' || type === 'resumed') this.#broadcast = 'live';
    if (type === 'offline') this.#hasPicture = false;
    if (type === 'offline' || type === 'ended') this.#problem = undefined;
  }

  /** Other media begins, in the same broadcast or in another. */
  mediaChanged(): void {
    if (this.#problem?.code === 'unsupported-codec') this.#problem = undefined;
  }

  /** The picture is gone: the video element starts over. */
  pictureLost(): void {
    this.#hasPicture = false;
  }

  /** A picture, or sound where there is none, is there. */
  pictured(): void {
    this.#hasPicture = true;
    if (this.#problem?.code === 'bad-media') this.#problem = undefined;
  }

  /** Nothing plays until the cause is gone. */
  failed(problem: PlayerProblem): void {
    this.#problem = problem;
  }
}
