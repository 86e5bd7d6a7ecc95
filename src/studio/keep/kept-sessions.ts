import { INFO_FILE, KEPT_FOLDER, type KeptInfo, keptRun, lockName, parseKeptInfo } from './kept-info.ts';
import { BrowserFolder } from './private-files.ts';
import { survey } from './vault-files.ts';
import { canKeep, WorkerVault } from './worker-vault.ts';

/** A session that its tab left behind with bytes that the server had not acknowledged. */
export interface KeptSession extends KeptInfo {
  /** The first byte that is kept, counted from the session's first. */
  readonly start: number;
  /** Behind the last byte that is kept. */
  readonly end: number;
}

/** What was left behind in this browser for a channel, the oldest first; nothing that another tab is still at. */
export async function listKept(channel: string): Promise<KeptSession[]> {
  if (!canKeep()) return [];
  const kept = await keptFolder();
  if (!kept) return [];
  const { held = [] } = await navigator.locks.query();
  const locked = new Set(held.map(({ name }) => name));
  const found: KeptSession[] = [];
  for await (const [name, entry] of kept.entries()) {
    if (entry.kind !== 'directory' || locked.has(lockName(name))) continue;
    const session = await readKept(entry as FileSystemDirectoryHandle);
    if (!session) await kept.removeEntry(name, { recursive: true }).catch(() => {});
    else if (session.channel === channel) found.push(session);
  }
  return found.sort((a, b) => a.startedAt - b.startedAt);
}

/** Takes a session that was left behind; undefined when another tab has it now. */
export async function openKept({ session }: KeptSession): Promise<WorkerVault | undefined> {
  const unlock = await tryLock(session);
  return unlock && new WorkerVault(session, null, unlock);
}

/** Undefined when there is nothing of use in the folder. */
async function readKept(handle: FileSystemDirectoryHandle): Promise<KeptSession | undefined> {
  const folder = new BrowserFolder(handle);
  const info = parseKeptInfo((await folder.readText(INFO_FILE)) ?? '');
  const { segments, released } = await survey(folder);
  const { start, end } = keptRun(segments, released);
  return info && start < end ? { ...info, start, end } : undefined;
}

async function keptFolder(): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    return await (await navigator.storage.getDirectory()).getDirectoryHandle(KEPT_FOLDER);
  } catch {
    // Nothing was ever kept, or the browser keeps nothing at all, such as in a private window.
    return undefined;
  }
}

/** Holds the session's lock until the answer is called; undefined when another tab has it. */
function tryLock(session: string): Promise<(() => void) | undefined> {
  return new Promise((settle, refuse) => {
    navigator.locks
      .request(lockName(session), { ifAvailable: true }, (lock) => {
        if (!lock) {
          settle(undefined);
          return undefined;
        }
        const held = Promise.withResolvers<void>();
        settle(held.resolve);
        return held.promise;
      })
      .catch(refuse);
  });
}
