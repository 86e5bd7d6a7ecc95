import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadOrMakeSecret } from './auth/secret-file.ts';
import { StartError } from './start-error.ts';

/** Everything that a server keeps, and where. */
export interface DataFolder {
  readonly database: string;
  readonly recordings: string;
  readonly journal: string;
  /** Secret. */
  readonly adminToken: string;
  /** Secret: seals stream keys and signs sessions. */
  readonly serverSecret: string;
}

const SECRET_BYTES = 32;

/** Makes the folder and its secrets where they are missing; only this user can read them. Throws StartError. */
export function openDataFolder(folder: string, adminToken: string | undefined): DataFolder {
  const recordings = join(folder, 'recordings');
  const journal = join(folder, 'journal');
  const make = () => randomBytes(SECRET_BYTES).toString('base64url');
  try {
    for (const path of [folder, recordings, journal]) mkdirSync(path, { recursive: true, mode: 0o700 });
    return {
      database: join(folder, 'headwater.db'),
      recordings,
      journal,
      adminToken: adminToken ?? loadOrMakeSecret(join(folder, 'admin-token'), make),
      serverSecret: loadOrMakeSecret(join(folder, 'server-secret'), make),
    };
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    const message = `The data folder ${folder} cannot be used: ${words}. Mend it, or set HEADWATER_DATA to another one.`;
    throw new StartError('data-unusable', message, { cause });
  }
}
