import { type KeptInfo, lockName } from './kept-info.ts';
import { type Vault, VaultError } from './vault.ts';
import type { VaultAnswer, VaultRequest } from './vault-service.ts';

type Question = VaultRequest extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never;

/** Whether this browser has a private file system, locks and workers: only secure pages do. */
export const canKeep = (): boolean =>
  'locks' in navigator && 'Worker' in globalThis && typeof navigator.storage?.getDirectory === 'function';

/**
 * A {@link Vault} in the origin private file system, behind a worker. Holds the session's lock until it is closed, so
 * that no other tab takes a session that is on for one that was left behind.
 */
export class WorkerVault implements Vault {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<Uint8Array<ArrayBuffer> | undefined>>();
  readonly #unlock: () => void;
  #asked = 0;
  #closed: Promise<void> | undefined;

  /** For a session that begins (`info`) or one that was left behind (null), whose lock the caller may hold (`unlock`). */
  constructor(session: string, info: KeptInfo | null, unlock?: () => void) {
    this.#unlock = unlock ?? holdLock(session);
    this.#worker = new Worker(new URL('./vault.worker.ts', import.meta.url), { type: 'module' });
    this.#worker.addEventListener('message', ({ data }: MessageEvent<VaultAnswer>) => this.#answer(data));
    this.#worker.addEventListener('error', (event) => this.#fail(event.message));
    this.#tell({ type: 'open', session, info });
  }

  async write(offset: number, pieces: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
    await this.#ask({ type: 'write', offset, pieces });
  }

  async read(offset: number, most: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#ask({ type: 'read', offset, most });
    if (!bytes) throw new VaultError('unavailable', 'Nothing was read');
    return bytes;
  }

  async release(offset: number): Promise<void> {
    await this.#ask({ type: 'release', offset });
  }

  close(): Promise<void> {
    this.#closed ??= this.#end('close');
    return this.#closed;
  }

  discard(): Promise<void> {
    this.#closed ??= this.#end('discard');
    return this.#closed;
  }

  async #end(type: 'close' | 'discard'): Promise<void> {
    await this.#ask({ type }).catch(() => {});
    this.#worker.terminate();
    this.#fail('closed');
    this.#unlock();
  }

  #ask(question: Question): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const id = ++this.#asked;
    const answer = Promise.withResolvers<Uint8Array<ArrayBuffer> | undefined>();
    this.#waiting.set(id, answer);
    this.#worker.postMessage({ ...question, id });
    return answer.promise;
  }

  #tell(question: Question): void {
    this.#ask(question).catch(() => {});
  }

  #answer(answer: VaultAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting?.reject(new VaultError(answer.error, answer.message));
    else waiting?.resolve(answer.bytes);
  }

  #fail(message: string): void {
    for (const waiting of this.#waiting.values()) waiting.reject(new VaultError('unavailable', message));
    this.#waiting.clear();
  }
}

/** Holds the session's lock from as soon as it is free; the answer lets it go. */
function holdLock(session: string): () => void {
  const held = Promise.withResolvers<void>();
  // Refused only where the page has no storage; then there is nothing to protect either.
  navigator.locks.request(lockName(session), () => held.promise).catch(() => {});
  return held.resolve;
}
