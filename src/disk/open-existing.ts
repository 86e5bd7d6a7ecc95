import { close, fstat, ftruncate, open } from 'node:fs';
import { promisify } from 'node:util';

const openFile = promisify(open);
const statFile = promisify(fstat);
const truncateFile = promisify(ftruncate);
const closeFile = promisify(close);

/**
 * Opens a file that is there, to read and write, and cuts it to that size: what follows is forgotten. Rejects with the
 * system's error, or with `too-short` where there are fewer bytes.
 */
export async function openExisting(path: string, size: number): Promise<number> {
  const fd = await openFile(path, 'r+');
  try {
    const found = (await statFile(fd)).size;
    if (found < size) throw new Error('too-short');
    if (found > size) await truncateFile(fd, size);
    return fd;
  } catch (error) {
    await closeFile(fd);
    throw error;
  }
}
