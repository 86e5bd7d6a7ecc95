import { dirname } from 'node:path';
import { progressiveLength, writeProgressiveHeader } from '../../../media/mp4/progressive-header.ts';
import { BlockReader } from './block-reader.ts';
import { BlockWriter } from './block-writer.ts';
import type { Files } from './files.ts';
import type { SourceRun } from './media-plan.ts';
import { AlreadyProgressive, type Fragments, readFragments } from './read-fragments.ts';

/** How a recording is finalised. */
export interface FinaliseOptions {
  /** The recording: replaced as a whole, or left as it is. */
  readonly path: string;
  /** Bytes of the disk that stay free. */
  readonly minFree: number;
  readonly files: Files;
  /** Called after every few megabytes, for the disk and the processor to be others' for a while. */
  rest(): void;
}

/** What became of it. */
export interface FinalisedFile {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds, unrounded. */
  readonly duration: number;
}

/** There is not enough room on the disk for the second file; the first one stays. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError';
  readonly code = 'no-room';
}

/** Holds a window of media and the chunk that went over its size. */
const READ_BLOCK = 8 * 1024 * 1024;
const WRITE_BLOCK = 1024 * 1024;
/** While headers are looked for: read ahead of media that is not wanted costs little less than the media. */
const SCAN_BLOCK = 256 * 1024;
/** Bytes of media between two rests. */
const REST_INTERVAL = 4 * 1024 * 1024;

/** Where the new file is written, beside the old one. What is left of one after a crash is of no use. */
export const partialFileOf = (path: string): string => `${path}.part`;

/**
 * Makes a fragmented recording progressive: its index first, then the same samples. The new file is written aside, synced
 * and renamed, so that at any moment one of both is whole in its place. Idempotent. Throws NoRoomError, MediaError, and
 * the system's errors; then the old file is as it was.
 */
export function finalise(options: FinaliseOptions): FinalisedFile {
  const { path, files } = options;
  const source = files.openSync(path, 'r');
  try {
    const scanner = new BlockReader(files, source, SCAN_BLOCK);
    const room = () => checkRoom(options, scanner.size);
    const found = readFragments(
      scanner,
      callOnce(
        room,
        everyBytes(() => options.rest()),
      ),
    );
    if (found instanceof AlreadyProgressive) return { size: scanner.size, duration: found.duration };
    return replace(source, found, options);
  } finally {
    files.closeSync(source);
  }
}

function replace(source: number, fragments: Fragments, options: FinaliseOptions): FinalisedFile {
  const { path, files } = options;
  const part = partialFileOf(path);
  const header = writeProgressiveHeader(fragments.tracks, fragments.plan.layout);
  let size = 0;
  try {
    const target = files.openSync(part, 'w', 0o600);
    try {
      size = copy(source, target, header, fragments, options);
      files.fdatasyncSync(target);
    } finally {
      files.closeSync(target);
    }
    files.renameSync(part, path);
  } catch (error) {
    files.rmSync(part, { force: true });
    throw noRoom(error) ?? error;
  }
  syncFolder(files, dirname(path));
  const { duration, timescale } = progressiveLength(fragments.tracks);
  return { size, duration: (duration / timescale) * 1000 };
}

function copy(
  source: number,
  target: number,
  header: Uint8Array,
  { plan }: Fragments,
  options: FinaliseOptions,
): number {
  const { files } = options;
  const reader = new BlockReader(files, source, READ_BLOCK);
  const writer = new BlockWriter(files, target, WRITE_BLOCK, () => checkRoom(options, 0));
  const rested = everyBytes(() => options.rest());
  writer.append(header);
  for (const { start, runs } of plan.windows()) {
    reader.alignTo(start);
    for (const run of runs) {
      copyRun(reader, writer, run);
      rested(run.size);
    }
  }
  writer.flush();
  return writer.size;
}

function copyRun(reader: BlockReader, writer: BlockWriter, { offset, size }: SourceRun): void {
  for (let done = 0; done < size; ) {
    const bytes = reader.some(offset + done, size - done);
    if (bytes.length === 0) throw new Error('the recording became shorter while it was finalised');
    writer.append(bytes);
    done += bytes.length;
  }
}

function checkRoom({ path, minFree, files }: FinaliseOptions, needed: number): void {
  const { bavail, bsize } = files.statfsSync(dirname(path));
  if (bavail * bsize - needed >= minFree) return;
  throw new NoRoomError(`There is no room for ${needed} bytes beside the ${minFree} that stay free.`);
}

function noRoom(error: unknown): NoRoomError | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined;
  return new NoRoomError('The disk became full.', { cause: error });
}

/** A name is on the disk when its folder is (fsync(2)); where folders cannot be synced the rename is so by itself. */
function syncFolder(files: Files, folder: string): void {
  try {
    const fd = files.openSync(folder, 'r');
    try {
      files.fsyncSync(fd);
    } finally {
      files.closeSync(fd);
    }
  } catch {
    // Either name is a whole recording: nothing is lost, and the next start looks which one it is.
  }
}

/** Calls the one before the other, the first time. */
function callOnce(first: () => void, then: (bytes: number) => void): (bytes: number) => void {
  let called = false;
  return (bytes) => {
    if (!called) first();
    called = true;
    then(bytes);
  };
}

/** Calls after every few megabytes that it is told of. */
function everyBytes(call: () => void): (bytes: number) => void {
  let bytes = 0;
  return (more) => {
    bytes += more;
    if (bytes < REST_INTERVAL) return;
    bytes = 0;
    call();
  };
}
