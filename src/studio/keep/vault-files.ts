import {
  type ByteRun,
  INFO_FILE,
  type KeptInfo,
  keptRun,
  RELEASED_FILE,
  segmentName,
  segmentOffset,
} from './kept-info.ts';
import type { PrivateFile, PrivateFolder } from './private-files.ts';
import { VaultError } from './vault.ts';

/** Bytes a file holds at least before the next one is begun: what is released is freed file by file. */
const SEGMENT_SIZE = 8 * 1024 * 1024;

interface Segment {
  readonly offset: number;
  size: number;
  file: PrivateFile | undefined;
}

/**
 * One session's bytes in a folder of their own: files named by the offset that they begin at, so that a tab that
 * dies at any moment leaves nothing to mend. One call at a time.
 */
export class VaultFiles {
  readonly #folder: PrivateFolder;
  readonly #segmentSize: number;
  readonly #segments: Segment[];
  #released: number;
  #releasedFile: PrivateFile | undefined;
  #hasInfo: boolean;

  private constructor(
    folder: PrivateFolder,
    segments: Segment[],
    released: number,
    hasInfo: boolean,
    segmentSize: number,
  ) {
    this.#folder = folder;
    this.#segments = segments;
    this.#released = released;
    this.#hasInfo = hasInfo;
    this.#segmentSize = segmentSize;
  }

  /** Opens what a folder has; an empty one is a session's beginning. */
  static async open(folder: PrivateFolder, segmentSize = SEGMENT_SIZE): Promise<VaultFiles> {
    const { segments, released, hasInfo } = await survey(folder);
    return new VaultFiles(
      folder,
      segments.map(({ offset, size }) => ({ offset, size, file: undefined })),
      released,
      hasInfo,
      segmentSize,
    );
  }

  /** Which bytes it has. */
  get run(): ByteRun {
    return keptRun(this.#segments, this.#released);
  }

  /** Says what the bytes are; before the first of them. */
  async describe(info: KeptInfo): Promise<void> {
    if (this.#hasInfo) return;
    await this.#guard(async () => {
      const file = await this.#folder.open(INFO_FILE);
      try {
        const text = new TextEncoder().encode(JSON.stringify(info));
        file.truncate(0);
        writeAll(file, text, 0);
        file.flush();
      } finally {
        file.close();
      }
    });
    this.#hasInfo = true;
  }

  /** Adds bytes; see {@link Vault.write}. */
  async write(offset: number, pieces: readonly Uint8Array[]): Promise<void> {
    await this.#guard(async () => {
      if (offset > this.#end) await this.#removeWhere(() => true);
      let at = offset;
      for (const piece of pieces) {
        const known =
          this.#segments.length === 0 ? 0 : Math.max(0, Math.min(piece.byteLength, this.#end - at));
        if (known < piece.byteLength) await this.#append(at + known, piece.subarray(known));
        at += piece.byteLength;
      }
      this.#segments.at(-1)?.file?.flush();
    });
  }

  /** Reads; see {@link Vault.read}. */
  async read(offset: number, most: number): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#guard(async () => {
      const segment = this.#segments.find(
        (each) => offset >= each.offset && offset < each.offset + each.size,
      );
      if (!segment) throw new VaultError('unavailable', `The bytes at ${offset} are not kept`);
      const file = await this.#fileOf(segment);
      const wanted = Math.min(most, segment.offset + segment.size - offset);
      const bytes = new Uint8Array(wanted);
      const read = file.read(bytes, { at: offset - segment.offset });
      if (read === 0) throw new VaultError('unavailable', `The bytes at ${offset} are gone`);
      return bytes.subarray(0, read);
    });
  }

  /** Frees the files that lie before `offset` whole. */
  async release(offset: number): Promise<void> {
    if (offset <= this.#released) return;
    this.#released = offset;
    await this.#guard(async () => {
      await this.#removeWhere((segment) => segment.offset + segment.size <= offset);
      if (this.#segments.length === 0) return;
      this.#releasedFile ??= await this.#folder.open(RELEASED_FILE);
      writeAll(this.#releasedFile, new TextEncoder().encode(String(offset).padStart(16, '0')), 0);
    });
  }

  /** Closes every file. */
  close(): void {
    for (const segment of this.#segments) closeSegment(segment);
    this.#releasedFile?.close();
    this.#releasedFile = undefined;
  }

  get #end(): number {
    const last = this.#segments.at(-1);
    return last ? last.offset + last.size : -1;
  }

  async #append(offset: number, bytes: Uint8Array): Promise<void> {
    let segment = this.#segments.at(-1);
    if (!segment || segment.size >= this.#segmentSize) {
      if (segment) closeSegment(segment);
      segment = { offset, size: 0, file: undefined };
      this.#segments.push(segment);
    }
    const file = await this.#fileOf(segment);
    try {
      writeAll(file, bytes, segment.size);
    } catch (error) {
      file.truncate(segment.size);
      throw error;
    }
    segment.size += bytes.byteLength;
  }

  async #fileOf(segment: Segment): Promise<PrivateFile> {
    if (segment.file) return segment.file;
    // Besides the one that is written, one at most is open to be read.
    const last = this.#segments.at(-1);
    for (const other of this.#segments) if (other !== last) closeSegment(other);
    segment.file = await this.#folder.open(segmentName(segment.offset));
    return segment.file;
  }

  async #removeWhere(is: (segment: Segment) => boolean): Promise<void> {
    for (const segment of this.#segments.filter(is)) {
      closeSegment(segment);
      this.#segments.splice(this.#segments.indexOf(segment), 1);
      await this.#folder.remove(segmentName(segment.offset));
    }
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toVaultError(error);
    }
  }
}

/** What a session's folder has, by its files alone. */
export async function survey(folder: PrivateFolder): Promise<{
  readonly segments: readonly { readonly offset: number; readonly size: number }[];
  readonly released: number;
  readonly hasInfo: boolean;
}> {
  const files = await folder.list();
  const segments = files
    .flatMap(({ name, size }) => {
      const offset = segmentOffset(name);
      return offset === undefined ? [] : [{ offset, size }];
    })
    .sort((a, b) => a.offset - b.offset);
  const released = Number(/^\d{16}$/.exec((await folder.readText(RELEASED_FILE)) ?? '')?.[0] ?? 0);
  return { segments, released, hasInfo: files.some(({ name, size }) => name === INFO_FILE && size > 0) };
}

function closeSegment(segment: Segment): void {
  segment.file?.close();
  segment.file = undefined;
}

function writeAll(file: PrivateFile, bytes: Uint8Array, at: number): void {
  const written = file.write(bytes, { at });
  if (written < bytes.byteLength) throw new VaultError('quota', 'The browser took only part of the bytes');
}

function toVaultError(error: unknown): VaultError {
  if (error instanceof VaultError) return error;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return new VaultError(name === 'QuotaExceededError' ? 'quota' : 'unavailable', message, { cause: error });
}
