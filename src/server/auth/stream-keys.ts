import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { SecretSeal } from './secret-seal.ts';

/** A stream key with what is stored of it. */
export interface NewStreamKey {
  /** In clear: for its owner's eyes. */
  readonly key: string;
  /** SHA-256, hex. */
  readonly hash: string;
  /** AES-256-GCM under the server's secret. */
  readonly sealed: string;
}

const KEY_BYTES = 24;

/** Makes, checks and shows stream keys. A key has 192 random bits, so a plain digest protects it: docs/security.md. */
export class StreamKeys {
  readonly #seal: SecretSeal;

  constructor(serverSecret: string) {
    this.#seal = new SecretSeal(serverSecret, 'stream keys');
  }

  make(): NewStreamKey {
    const key = randomBytes(KEY_BYTES).toString('base64url');
    return { key, hash: hashOf(key).toString('hex'), sealed: this.#seal.seal(key) };
  }

  /** What of a key is stored: SHA-256, hex. */
  digest(given: string): string {
    return hashOf(given).toString('hex');
  }

  /** In constant time. */
  matches(given: string, hash: string): boolean {
    const expected = Buffer.from(hash, 'hex');
    const digest = hashOf(given);
    return expected.length === digest.length && timingSafeEqual(digest, expected);
  }

  /** The key in clear; undefined when it was sealed under another server secret, or changed. */
  unseal(sealed: string): string | undefined {
    return this.#seal.unseal(sealed);
  }
}

const hashOf = (key: string) => createHash('sha256').update(key).digest();
