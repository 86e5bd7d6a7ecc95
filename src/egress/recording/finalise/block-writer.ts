import type { Files } from './files.ts';

/** Bytes between two syncs: what the kernel has to write at once when a live stream asks it for the disk. */
const SYNC_INTERVAL = 4 * 1024 * 1024;

/** Appends to a file in large blocks, and never lets much of it wait in the kernel. */
export class BlockWriter {
  readonly #files: Files;
  readonly #fd: number;
  readonly #afterSync: () => void;
  readonly #block: Uint8Array;
  #length = 0;
  #written = 0;
  #unsynced = 0;

  /** The file stays its owner's; `afterSync` is called when more of it is on the disk. `blockSize` in bytes. */
  constructor(files: Files, fd: number, blockSize: number, afterSync: () => void) {
    this.#files = files;
    this.#fd = fd;
    this.#afterSync = afterSync;
    this.#block = new Uint8Array(blockSize);
  }

  /** Bytes given so far. */
  get size(): number {
    return this.#written + this.#length;
  }

  /** Copies the bytes: they may change after it. */
  append(bytes: Uint8Array): void {
    if (bytes.length > this.#block.length - this.#length) this.flush();
    if (bytes.length > this.#block.length) {
      this.#write(bytes);
      return;
    }
    this.#block.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes what waits. */
  flush(): void {
    this.#write(this.#block.subarray(0, this.#length));
    this.#length = 0;
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const count = this.#files.writeSync(this.#fd, bytes, done, bytes.length - done, this.#written);
      if (count === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
      done += count;
      this.#written += count;
      this.#unsynced += count;
    }
    if (this.#unsynced < SYNC_INTERVAL) return;
    this.#unsynced = 0;
    this.#files.fdatasyncSync(this.#fd);
    this.#afterSync();
  }
}
