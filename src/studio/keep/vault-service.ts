import { KEPT_FOLDER, type KeptInfo } from './kept-info.ts';
import { BrowserFolder } from './private-files.ts';
import { VaultError, type VaultErrorCode } from './vault.ts';
import { VaultFiles } from './vault-files.ts';

/** What the page asks of the worker; each is answered under its `id`, in order. */
export type VaultRequest = { readonly id: number } & (
  | { readonly type: 'open'; readonly session: string; readonly info: KeptInfo | null }
  | { readonly type: 'write'; readonly offset: number; readonly pieces: readonly Uint8Array<ArrayBuffer>[] }
  | { readonly type: 'read'; readonly offset: number; readonly most: number }
  | { readonly type: 'release'; readonly offset: number }
  | { readonly type: 'close' }
  | { readonly type: 'discard' }
);

/** What the worker answers. */
export type VaultAnswer = { readonly id: number } & (
  | { readonly bytes?: Uint8Array<ArrayBuffer> }
  | { readonly error: VaultErrorCode; readonly message: string }
);

/** Serves one session's files to the page, one request after the other. Lives in a worker. */
export class VaultService {
  readonly #options: {
    storage(): Promise<FileSystemDirectoryHandle>;
    answer(answer: VaultAnswer, transfer: Transferable[]): void;
  };
  #last: Promise<void> = Promise.resolve();
  #session = '';
  #info: KeptInfo | null = null;
  #files: VaultFiles | undefined;

  constructor(options: {
    storage(): Promise<FileSystemDirectoryHandle>;
    answer(answer: VaultAnswer, transfer: Transferable[]): void;
  }) {
    this.#options = options;
  }

  /** Takes a request; its answer follows. */
  take(request: VaultRequest): void {
    const { id } = request;
    this.#last = this.#last.then(async () => {
      try {
        const bytes = await this.#do(request);
        this.#options.answer(bytes ? { id, bytes } : { id }, bytes ? [bytes.buffer] : []);
      } catch (error) {
        const code = error instanceof VaultError ? error.code : 'unavailable';
        const message = error instanceof Error ? error.message : String(error);
        this.#options.answer({ id, error: code, message }, []);
      }
    });
  }

  async #do(request: VaultRequest): Promise<Uint8Array<ArrayBuffer> | undefined> {
    switch (request.type) {
      case 'open':
        this.#session = request.session;
        this.#info = request.info;
        return undefined;
      case 'write': {
        const files = await this.#open();
        // Nothing is ever made for a session whose bytes are all acknowledged in time.
        if (this.#info) await files.describe(this.#info);
        await files.write(request.offset, request.pieces);
        return undefined;
      }
      case 'read':
        return await (await this.#open()).read(request.offset, request.most);
      case 'release':
        await this.#files?.release(request.offset);
        return undefined;
      case 'close':
        this.#close();
        return undefined;
      case 'discard':
        this.#close();
        await this.#discard();
        return undefined;
    }
  }

  async #open(): Promise<VaultFiles> {
    if (this.#files) return this.#files;
    const root = await this.#options.storage();
    const kept = await root.getDirectoryHandle(KEPT_FOLDER, { create: true });
    const folder = await kept.getDirectoryHandle(this.#session, { create: true });
    this.#files = await VaultFiles.open(new BrowserFolder(folder));
    return this.#files;
  }

  #close(): void {
    this.#files?.close();
    this.#files = undefined;
  }

  async #discard(): Promise<void> {
    const root = await this.#options.storage();
    try {
      const kept = await root.getDirectoryHandle(KEPT_FOLDER);
      await kept.removeEntry(this.#session, { recursive: true });
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotFoundError') throw error;
    }
  }
}
