import { type FileHandle, open } from 'node:fs/promises';
import { PublishFailure } from './publish-failure.ts';

const PIECE = 64 * 1024;
const EBML_MAGIC = '1a45dfa3';

/** A WebM or MP4 file, open to be read piece by piece. */
export class MediaFile {
  readonly mimeType: string;
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, size: number, mimeType: string) {
    this.#handle = handle;
    this.size = size;
    this.mimeType = mimeType;
  }

  /** Throws PublishFailure when it cannot be read, or is neither of the two. */
  static async open(path: string): Promise<MediaFile> {
    const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' ? 'there is no such file' : (error.code ?? error.message);
      throw new PublishFailure('file-unreadable', `${path}: ${why}`);
    });
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw new PublishFailure('file-unreadable', `${path}: this is not a file`);
      const head = Buffer.alloc(8);
      await handle.read(head, 0, 8, 0);
      return new MediaFile(handle, stat.size, mimeTypeOf(head, path));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The next bytes from that offset on; none at the end. They are the caller's. */
  async read(offset: number): Promise<Uint8Array> {
    const length = Math.min(PIECE, Math.max(this.size - offset, 0));
    if (length === 0) return new Uint8Array();
    const { bytesRead, buffer } = await this.#handle.read(Buffer.allocUnsafeSlow(length), 0, length, offset);
    if (bytesRead === 0)
      throw new PublishFailure('file-unreadable', 'The file became shorter while it was read.');
    return buffer.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

function mimeTypeOf(head: Buffer, path: string): string {
  if (head.toString('hex', 0, 4) === EBML_MAGIC) return 'video/webm';
  if (['ftyp', 'styp', 'moov'].includes(head.toString('latin1', 4, 8))) return 'video/mp4';
  throw new PublishFailure('container-unknown', `${path}: this is neither WebM nor MP4`);
}
