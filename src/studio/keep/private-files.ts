/** A file of the origin private file system, open for synchronous use (WHATWG File System §2.6): only workers have it. */
export interface PrivateFile {
  getSize(): number;
  /** Answers how many bytes were read. */
  read(buffer: Uint8Array, options: { at: number }): number;
  /** Answers how many bytes were written; throws QuotaExceededError. */
  write(buffer: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** A folder of the origin private file system, as far as it is used. */
export interface PrivateFolder {
  /** Opens a file, made where it is missing. */
  open(name: string): Promise<PrivateFile>;
  /** A file that is missing is as good as removed. */
  remove(name: string): Promise<void>;
  /** The names of its files with their sizes. */
  list(): Promise<readonly { readonly name: string; readonly size: number }[]>;
  /** Reads a small file whole; undefined when it is missing. */
  readText(name: string): Promise<string | undefined>;
}

interface SyncFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<PrivateFile>;
}

/** A {@link PrivateFolder} of the browser. `open` works in workers only. */
export class BrowserFolder implements PrivateFolder {
  readonly #handle: FileSystemDirectoryHandle;

  constructor(handle: FileSystemDirectoryHandle) {
    this.#handle = handle;
  }

  async open(name: string): Promise<PrivateFile> {
    const file = (await this.#handle.getFileHandle(name, { create: true })) as SyncFileHandle;
    return await file.createSyncAccessHandle();
  }

  async remove(name: string): Promise<void> {
    await this.#handle.removeEntry(name).catch(ignoreMissing);
  }

  async list(): Promise<readonly { name: string; size: number }[]> {
    const found: { name: string; size: number }[] = [];
    for await (const entry of this.#handle.values()) {
      if (entry.kind !== 'file') continue;
      const file = await (entry as FileSystemFileHandle).getFile();
      found.push({ name: entry.name, size: file.size });
    }
    return found;
  }

  async readText(name: string): Promise<string | undefined> {
    try {
      return await (await (await this.#handle.getFileHandle(name)).getFile()).text();
    } catch (error) {
      ignoreMissing(error);
      return undefined;
    }
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof DOMException) || error.name !== 'NotFoundError') throw error;
}
