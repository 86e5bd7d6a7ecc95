import { statSync } from 'node:fs';
import { open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import Schema from 'typebox/schema';
import type { Clock } from '../../channel/clock.ts';
import type { Log } from '../../channel/log.ts';
import type { SyncBatch } from '../../disk/sync-batch.ts';
import type { Bytes } from '../../media/time.ts';
import { DurableMarks, readMarks } from './durable-marks.ts';
import type { JournalOwner } from './journal.ts';
import { SessionFiles } from './session-files.ts';
import { SessionRecord } from './session-record.ts';

/** How journals are kept. */
export interface JournalFolderOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxQueue: Bytes;
  /** What is acknowledged survives a power loss; without it the end of the process. */
  readonly sync: SyncBatch | undefined;
}

const RECORD = '.json';
const MARKS = '.durable';
const validRecord = Schema.Compile(SessionRecord);

/** The sessions that are on disk: of each its bytes as `{id}`, and what it is as `{id}.json`. */
export class JournalFolder {
  readonly #options: JournalFolderOptions;
  readonly #records = new Map<string, SessionRecord>();
  #turns: Promise<void> = Promise.resolve();
  readonly #marks: DurableMarks | undefined;

  constructor(options: JournalFolderOptions) {
    const { folder, sync } = options;
    this.#options = options;
    this.#marks = sync && new DurableMarks(join(folder, MARKS), sync);
  }

  /** Reads what other processes left: once, before anything else. A record that cannot be read is logged and left alone. */
  async load(): Promise<void> {
    const { folder } = this.#options;
    await this.#cutUnsynced();
    const names = new Set(await readdir(folder));
    names.delete(MARKS);
    for (const name of names) {
      if (name.endsWith(RECORD)) {
        const record = await this.#read(name);
        if (record) this.#records.set(record.id, record);
      } else if (!names.has(name + RECORD)) {
        // Its process ended before it said what this is: nothing of it was acknowledged.
        await unlink(join(folder, name));
      }
    }
  }

  /** Every session, as it was saved last. */
  records(): SessionRecord[] {
    return [...this.#records.values()];
  }

  /** The session of that id. */
  find(id: string): SessionRecord | undefined {
    return this.#records.get(id);
  }

  /** The sessions of a broadcast, in the order in which they fed it. */
  ofBroadcast(broadcast: string): SessionRecord[] {
    const found = this.records().filter((record) => record.broadcast === broadcast);
    return found.sort((a, b) => a.openedAt - b.openedAt);
  }

  /** When the newest session of a channel began; 0 for none. */
  lastOpenedAt(channel: string): number {
    const times = this.records().map((record) => (record.channel === channel ? record.openedAt : 0));
    return Math.max(0, ...times);
  }

  /** Where a session's bytes are. */
  pathOf(id: string): string {
    return join(this.#options.folder, id);
  }

  /** Bytes of a session that are there; 0 for none. */
  sizeOf(id: string): number {
    return statSync(this.pathOf(id), { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The files of a session: new ones, or those that are there, of so many bytes. Its owner is told what becomes of them. */
  open(record: SessionRecord, owner: JournalOwner, continueAt?: number): SessionFiles {
    this.#records.set(record.id, record);
    return new SessionFiles(record, owner, {
      ...this.#options,
      continueAt,
      marks: this.#marks,
      saved: (saved) => this.#records.set(saved.id, saved),
    });
  }

  /** Changes what is known of a session that no {@link SessionFiles} are open of. */
  async update(id: string, changes: Partial<SessionRecord>): Promise<void> {
    const record = this.#records.get(id);
    if (!record) return;
    const { folder, sync } = this.#options;
    const saved = { ...record, ...changes };
    this.#records.set(id, saved);
    await SessionFiles.save(folder, saved, sync !== undefined);
  }

  /**
   * Does something that syncs files, after what was asked before: however many sessions there are, it takes one of the
   * threads that Node has for files (docs/decisions/0009).
   */
  inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turns.then(work);
    this.#turns = done.catch(() => {});
    return done;
  }

  /** Deletes a session's bytes, and keeps what is known of it. */
  async discardBytes(id: string): Promise<void> {
    this.#marks?.forget(id);
    await unlink(this.pathOf(id)).catch(ignoreMissing);
  }

  /** Deletes all that is left of a session. */
  async remove(id: string): Promise<void> {
    this.#records.delete(id);
    await this.discardBytes(id);
    await unlink(this.pathOf(id) + RECORD).catch(ignoreMissing);
  }

  /** What no sync covered is nothing, or anything, after a power loss: it is forgotten. Nobody was told that it is stored. */
  async #cutUnsynced(): Promise<void> {
    const { folder, log, sync } = this.#options;
    const path = join(folder, MARKS);
    const marks = await readMarks(path).catch((error: unknown) => {
      log.error({ err: error }, 'what is known of journals cannot be read: all that is in them is believed');
      return new Map<string, number>();
    });
    for (const [id, size] of marks) {
      if (this.sizeOf(id) > size) await cutDurably(this.pathOf(id), size);
    }
    // What is written without syncs from here on is not to be cut at the next start.
    if (!sync) await unlink(path).catch(ignoreMissing);
  }

  async #read(name: string): Promise<SessionRecord | undefined> {
    const { folder, log } = this.#options;
    try {
      const record: unknown = JSON.parse(await readFile(join(folder, name), 'utf8'));
      if (validRecord.Check(record) && `${record.id}${RECORD}` === name) return record;
      log.error({ file: name }, 'what is kept of a session cannot be understood, and is left alone');
    } catch (error) {
      log.error({ file: name, err: error }, 'what is kept of a session cannot be read, and is left alone');
    }
    return undefined;
  }
}

async function cutDurably(path: string, size: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(size);
    await file.sync();
  } finally {
    await file.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
