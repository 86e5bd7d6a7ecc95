import { type FileHandle, open } from 'node:fs/promises';
import type { FileReader } from './recorded-media.ts';

/** A recording's file, open for reading. Whoever opened it closes it. */
export class RecordedFile implements FileReader {
  readonly size: number;
  /** Another one in its place is another number. */
  readonly inode: number;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, size: number, inode: number) {
    this.#handle = handle;
    this.size = size;
    this.inode = inode;
  }

  /** As long as it is now. Rejects with the system's errors. */
  static async open(path: string): Promise<RecordedFile> {
    const handle = await open(path, 'r');
    try {
      const { size, ino } = await handle.stat();
      return new RecordedFile(handle, size, ino);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - position)));
    let done = 0;
    while (done < bytes.byteLength) {
      const { bytesRead } = await this.#handle.read(bytes, done, bytes.byteLength - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#handle.close();
  }
}
