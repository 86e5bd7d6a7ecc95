import { PieceQueue } from '../webm/piece-queue.ts';
import { RtmpError } from './rtmp-error.ts';

/** Bytes of C1, C2, S1 and S2 (RTMP specification 1.0, §5.2). */
export const HANDSHAKE_SIZE = 1536;
/** Of them random: what is behind time and zeros. */
export const HANDSHAKE_RANDOM = HANDSHAKE_SIZE - 8;

const VERSION = 3;
/** Below 32 are the versions of RTMP; higher ones are left for what is text (§5.2.2). */
const MAX_VERSION = 31;

/** Which side of a connection this is. */
export type HandshakeRole = 'client' | 'server';

/**
 * The plain handshake (§5.2), for either role. The echo is sent and not checked: servers that echo something else are in
 * use, and it proves nothing. Pure: bytes in, bytes out.
 */
export class Handshake {
  readonly #role: HandshakeRole;
  readonly #random: Uint8Array;
  readonly #received = new PieceQueue();
  #step: 'version' | 'hello' | 'echo' | 'done' = 'version';

  /** `random`: {@link HANDSHAKE_RANDOM} bytes. */
  constructor(role: HandshakeRole, random: Uint8Array) {
    this.#role = role;
    this.#random = random;
  }

  /** What is sent first: C0 and C1 of a client, nothing of a server. */
  start(): Uint8Array[] {
    return this.#role === 'client' ? [this.#hello()] : [];
  }

  get done(): boolean {
    return this.#step === 'done';
  }

  /** What came behind the handshake, once it is done: the first bytes of the chunk stream. */
  takeRest(): Uint8Array {
    return this.#received.take(this.#received.length);
  }

  /** Takes what was received and answers what is to be sent. Throws RtmpError `rtmp-handshake-malformed`. */
  push(bytes: Uint8Array): Uint8Array[] {
    this.#received.push(bytes);
    const answers: Uint8Array[] = [];
    if (this.#step === 'version' && this.#received.length >= 1) this.#readVersion();
    if (this.#step === 'hello' && this.#received.length >= HANDSHAKE_SIZE) {
      const hello = this.#received.take(HANDSHAKE_SIZE);
      if (this.#role === 'server') answers.push(this.#hello());
      // Its time, the time that it was read (0: there is no clock here), and its random bytes.
      answers.push(new Uint8Array(hello));
      this.#step = 'echo';
    }
    if (this.#step === 'echo' && this.#received.length >= HANDSHAKE_SIZE) {
      this.#received.skip(HANDSHAKE_SIZE);
      this.#step = 'done';
    }
    return answers;
  }

  #readVersion(): void {
    const [version = 0] = this.#received.take(1);
    if (version < VERSION || version > MAX_VERSION) {
      throw new RtmpError('rtmp-handshake-malformed', 'the other side does not answer as RTMP does');
    }
    this.#step = 'hello';
  }

  #hello(): Uint8Array {
    const hello = new Uint8Array(1 + HANDSHAKE_SIZE);
    hello[0] = VERSION;
    hello.set(this.#random.subarray(0, HANDSHAKE_RANDOM), 9);
    return hello;
  }
}
