import { randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';

/** Files with exactly what the browser's MediaRecorders made, one for each, in the order of their starts. */
export interface RecordedBytes {
  readonly files: readonly string[];
}

/**
 * Keeps a copy of everything that MediaRecorder delivers in this context: the truth that a recording is held against. It
 * goes with the context.
 */
export async function keepRecordedBytes(context: BrowserContext): Promise<RecordedBytes> {
  const folder = await mkdtemp(join(tmpdir(), 'headwater-recorded-'));
  const files: string[] = [];
  let last: Promise<void> = Promise.resolve();
  context.once('close', () => rm(folder, { recursive: true, force: true }));
  await context.exposeFunction('startRecorded', () => {
    files.push(join(folder, `${randomUUID()}.webm`));
    return files.length - 1;
  });
  await context.exposeFunction('keepRecorded', (index: number, base64: string) => {
    last = last.then(() => appendFile(files[index] ?? '', Buffer.from(base64, 'base64')));
    return last;
  });
  await context.addInitScript(() => {
    const page = window as unknown as {
      startRecorded: () => Promise<number>;
      keepRecorded: (index: number, base64: string) => Promise<void>;
      recordedPending: Promise<void>;
    };
    page.recordedPending = Promise.resolve();
    window.MediaRecorder = class extends MediaRecorder {
      constructor(stream: MediaStream, options?: MediaRecorderOptions) {
        super(stream, options);
        let index: Promise<number> | undefined;
        this.addEventListener('start', () => {
          index = page.startRecorded();
        });
        this.addEventListener('dataavailable', (event) => {
          page.recordedPending = page.recordedPending.then(async () => {
            const bytes = new Uint8Array(await event.data.arrayBuffer());
            let text = '';
            for (let i = 0; i < bytes.length; i += 8192)
              text += String.fromCharCode(...bytes.subarray(i, i + 8192));
            await page.keepRecorded((await index) ?? -1, btoa(text));
          });
        });
      }
    };
  });
  return { files };
}
