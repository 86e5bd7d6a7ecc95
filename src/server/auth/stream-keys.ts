import {
  createCipheriv,
  createDecipheriv,
  createHash,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

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
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Makes, checks and shows stream keys. A key has 192 random bits, so a plain digest protects it: docs/security.md. */
export class StreamKeys {
  readonly #sealingKey: Buffer;

  constructor(serverSecret: string) {
    this.#sealingKey = Buffer.from(hkdfSync('sha256', serverSecret, '', 'headwater stream keys', 32));
  }

  make(): NewStreamKey {
    const key = randomBytes(KEY_BYTES).toString('base64url');
    return { key, hash: hashOf(key).toString('hex'), sealed: this.#seal(key) };
  }

  /** In constant time. */
  matches(given: string, hash: string): boolean {
    const expected = Buffer.from(hash, 'hex');
    const digest = hashOf(given);
    return expected.length === digest.length && timingSafeEqual(digest, expected);
  }

  /** The key in clear; undefined when it was sealed under another server secret, or changed. */
  unseal(sealed: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#sealingKey, bytes.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
      return text.toString('utf8');
    } catch {
      return undefined;
    }
  }

  #seal(key: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#sealingKey, iv, { authTagLength: TAG_BYTES });
    const text = Buffer.concat([cipher.update(key, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, text, cipher.getAuthTag()]).toString('base64url');
  }
}

const hashOf = (key: string) => createHash('sha256').update(key).digest();
