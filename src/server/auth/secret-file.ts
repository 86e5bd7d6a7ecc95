import { chmodSync, readFileSync, writeFileSync } from 'node:fs';

/**
 * The secret in a file that only its owner can read (mode 0600). It is made once, where there is none yet. Throws
 * when the file cannot be read or written, or is empty.
 */
export function loadOrMakeSecret(file: string, make: () => string): string {
  try {
    // `wx`: of two processes that start at once, one makes the secret and the other reads it.
    writeFileSync(file, `${make()}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    chmodSync(file, 0o600);
  }
  const secret = readFileSync(file, 'utf8').trim();
  if (!secret) throw new Error(`${file} is empty. Delete it, and a new secret is made at the next start.`);
  return secret;
}
