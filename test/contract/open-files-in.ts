import { readdirSync, readlinkSync } from 'node:fs';

/** The files of that folder that this process has open. */
export function openFilesIn(folder: string): string[] {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // The one that the folder was read with is closed by now.
      return '';
    }
  });
  return links.filter((path) => path.startsWith(folder));
}
