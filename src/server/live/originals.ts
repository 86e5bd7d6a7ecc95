import { open, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../disk/sync-folder.ts';
import type { RecordingOriginal, RecordingStore } from '../../store/recording-store.ts';

/** EBML's own element (RFC 8794 §11.2.1): every WebM begins with it. */
const EBML = Buffer.of(0x1a, 0x45, 0xdf, 0xa3);
const FLV = Buffer.from('FLV\u0001');

const KINDS = {
  webm: { ending: '.webm', mime: 'video/webm' },
  mp4: { ending: '.mp4', mime: 'video/mp4' },
  flv: { ending: '.flv', mime: 'video/x-flv' },
} as const;

/** What originals need of the database. */
export interface OriginalsStore {
  readonly recordings: Pick<RecordingStore, 'find' | 'addOriginal'>;
  /** What was written survives a power loss. */
  sync(): Promise<void>;
}

/** What publishers sent, kept beside their recordings as it was sent: `original.webm`, `original-2.webm`, …. */
export class Originals {
  readonly #store: OriginalsStore;
  readonly #folder: string;
  /** One after another: two must not get the same name. */
  #work: Promise<unknown> = Promise.resolve();

  /** `folder`: each recording is a folder in it. */
  constructor(store: OriginalsStore, folder: string) {
    this.#store = store;
    this.#folder = folder;
  }

  /**
   * Moves a finished journal of the same disk into the recording's folder and lists it. False when there is no such
   * recording: the journal is where it was. What a crash interrupted may be asked again. Throws what the disk says.
   */
  adopt(recording: string, journal: string): Promise<boolean> {
    const adopted = this.#work.then(() => this.#adopt(recording, journal));
    this.#work = adopted.catch(() => {});
    return adopted;
  }

  /** Where an original of a recording is. */
  fileOf(recording: string, original: RecordingOriginal): string {
    return join(this.#folder, recording, original.file);
  }

  async #adopt(id: string, journal: string): Promise<boolean> {
    const recording = await this.#store.recordings.find(id);
    if (!recording) return false;
    const { size } = await stat(journal);
    const kind = await kindOf(journal);
    // Listed and not there: the move was interrupted, and this is what it was about.
    const started = await this.#missing(id, recording.originals, size);
    const number = recording.originals.length + 1;
    const file = `original${number === 1 ? '' : `-${number}`}${KINDS[kind].ending}`;
    const original = started ?? { file, size, mime: KINDS[kind].mime };
    // Listed first: a file that nobody knows would be in no quota.
    if (!started && !(await this.#store.recordings.addOriginal(id, original))) return false;
    await this.#store.sync();
    const place = this.fileOf(id, original);
    await rename(journal, place);
    // What is known of the journal goes next: then nobody would know whose its bytes are.
    await syncFolder(dirname(place));
    return true;
  }

  async #missing(id: string, originals: readonly RecordingOriginal[], size: number) {
    for (const original of originals) {
      if (original.size !== size) continue;
      const exists = await stat(this.fileOf(id, original)).then(
        () => true,
        () => false,
      );
      if (!exists) return original;
    }
    return undefined;
  }
}

/** Its first bytes tell, whatever its publisher called it. */
async function kindOf(path: string): Promise<keyof typeof KINDS> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(EBML.length), 0, EBML.length, 0);
    const start = buffer.subarray(0, bytesRead);
    if (start.equals(FLV)) return 'flv';
    return start.equals(EBML) ? 'webm' : 'mp4';
  } finally {
    await handle.close();
  }
}
