import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * The secret in a file that only its owner can read (mode 0600). It is made once, where there is none yet, and is there
 * after a power loss from then on. Throws when the file cannot be read or written, or is empty.
 */
export function loadOrMakeSecret(file: string, make: () => string): string {
  if (existsSync(file)) chmodSync(file, 0o600);
  else makeSecret(file, make());
  const secret = readFileSync(file, 'utf8').trim();
  if (!secret) throw new Error(`${file} is empty. Delete it, and a new secret is made at the next start.`);
  return secret;
}

/** Whole or not at all: half a secret would be taken for one. */
function makeSecret(file: string, secret: string): void {
  const fresh = `${file}.${process.pid}`;
  try {
    writeFileSync(fresh, `${secret}\n`, { mode: 0o600, flush: true });
    // Of two processes that start at once, one makes the secret and the other reads it.
    linkSync(fresh, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
