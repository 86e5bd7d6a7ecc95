import { open } from 'node:fs/promises';

/**
 * Makes the names in a folder durable: a new or renamed file is on the disk only when its folder is (fsync(2)). Windows
 * cannot sync a folder, and writes names through by itself. Rejects with the system's error.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
