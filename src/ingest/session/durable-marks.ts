import { readFile } from 'node:fs/promises';
import Type from 'typebox';
import Schema from 'typebox/schema';
import type { SyncBatch } from '../../disk/sync-batch.ts';
import { writeFileDurably } from '../../disk/write-file-durably.ts';

const Marks = Type.Object({
  version: Type.Literal(1),
  marks: Type.Record(Type.String(), Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
});
const validMarks = Schema.Compile(Marks);

/**
 * How much of each journal is synced that is being written, in one small file for all of them. After a power loss a
 * journal may be longer, and what follows its mark may be anything (docs/decisions/0009).
 */
export class DurableMarks {
  readonly #path: string;
  readonly #batch: SyncBatch;
  readonly #marks = new Map<string, number>();
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  /** Nothing is written before the first mark: until then those of the process before stay, of journals as they are. */
  constructor(path: string, batch: SyncBatch) {
    this.#path = path;
    this.#batch = batch;
  }

  /** Settles when the mark is on the disk: once for all that a batch made durable. Rejects with StorageError. */
  set(journal: string, offset: number): Promise<void> {
    if (this.#marks.get(journal) === offset && !this.#next) return this.#writing;
    this.#marks.set(journal, offset);
    this.#next ??= this.#writeNext();
    return this.#next;
  }

  /** The journal is closed and synced as it is, or gone: nothing needs to be said about it any more. */
  forget(journal: string): void {
    this.#marks.delete(journal);
  }

  #writeNext(): Promise<void> {
    const write = async () => {
      await this.#batch.settled();
      this.#next = undefined;
      const text = JSON.stringify({ version: 1, marks: Object.fromEntries(this.#marks) });
      await writeFileDurably(this.#path, Buffer.from(text), { sync: true });
    };
    // A new file each time: one that failed says nothing of the next.
    this.#writing = this.#writing.then(write, write);
    return this.#writing;
  }
}

/** What the process before left: none where there is no such file. Rejects with the system's error, and with what is wrong. */
export async function readMarks(path: string): Promise<ReadonlyMap<string, number>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return new Map();
  const found: unknown = JSON.parse(text);
  if (!validMarks.Check(found)) throw new Error(`${path} cannot be understood`);
  return new Map(Object.entries(found.marks));
}
