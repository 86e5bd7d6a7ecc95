import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StorageError } from './storage-error.ts';
import { syncFolder } from './sync-folder.ts';

/** What a small file is to survive. */
export interface WriteDurability {
  /** It survives a power loss from when the call settles; else the end of the process only. */
  readonly sync: boolean;
}

/**
 * Puts a small file in the place of another, whole: whoever reads finds the old bytes or the new ones. It is written
 * as `{path}.new` and renamed, so one call at a time for a path. Rejects with StorageError; the old file stays then.
 */
export async function writeFileDurably(
  path: string,
  bytes: Uint8Array,
  { sync }: WriteDurability,
): Promise<void> {
  const fresh = `${path}.new`;
  try {
    await writeFresh(fresh, bytes, sync);
    await rename(fresh, path);
    if (sync) await syncFolder(dirname(path));
  } catch (error) {
    await unlink(fresh).catch(() => {});
    throw new StorageError(path, error);
  }
}

async function writeFresh(path: string, bytes: Uint8Array, sync: boolean): Promise<void> {
  const handle = await open(path, 'w');
  try {
    await handle.writeFile(bytes);
    if (sync) await handle.datasync();
  } finally {
    await handle.close();
  }
}
