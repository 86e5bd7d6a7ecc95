import { open } from 'node:fs/promises';

/** What a file system answers that cannot sync folders, as some network ones: names are in its own hands. */
const UNSUPPORTED = ['EINVAL', 'EBADF', 'ENOTSUP'];

/**
 * Makes the names in a folder durable: a new or renamed file is on the disk only when its folder is (fsync(2)). Does
 * nothing where folders cannot be synced, as on Windows. Rejects with the system's error.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync().catch((error: NodeJS.ErrnoException) => {
      if (!UNSUPPORTED.includes(error.code ?? '')) throw error;
    });
  } finally {
    await handle.close();
  }
}
