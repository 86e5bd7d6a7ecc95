import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BroadcastResource, RecordingList } from '../../../src/wire/api.ts';
import type { RunningServer } from './running-server.ts';

const STEP = 100;
const pause = () => new Promise((settle) => setTimeout(settle, STEP));

/** The broadcast that is on. */
export async function broadcastOf(
  server: RunningServer,
  channel: string,
): Promise<BroadcastResource | undefined> {
  const answer = await server.api('GET', `/api/channels/${channel}/broadcast`);
  return answer.status === 200 ? ((await answer.json()) as BroadcastResource) : undefined;
}

/** Until a channel is live, interrupted or offline. */
export async function untilState(server: RunningServer, channel: string, state: string): Promise<void> {
  while (((await broadcastOf(server, channel))?.state ?? 'offline') !== state) await pause();
}

/** Until its broadcast is that long, in ms. */
export async function untilElapsed(server: RunningServer, channel: string, time: number): Promise<void> {
  while (((await broadcastOf(server, channel))?.elapsed ?? 0) < time) await pause();
}

/** Until the server has noted of a session how far it came: a kill does not cost it that. */
export async function untilNoted(data: string): Promise<void> {
  const journal = join(data, 'journal');
  const isNoted = () =>
    readdirSync(journal)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readIfThere(join(journal, name))))
      .some(({ status, checkpoint }) => status === 'open' && checkpoint !== null);
  while (!isNoted()) await pause();
}

/** The notes of a session that is over may go between two looks. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '{}';
    throw error;
  }
}

/** Downloads a channel's recordings into a folder, once they are finished. */
export async function downloadRecordings(
  server: RunningServer,
  channel: string,
  folder: string,
): Promise<string[]> {
  for (;;) {
    const answer = await server.api('GET', `/api/recordings?channel=${channel}`);
    const { items } = (await answer.json()) as RecordingList;
    const isDone = items.every(({ state, finalisation }) => state === 'complete' && finalisation === 'done');
    if (isDone) return Promise.all(items.map(({ id }) => download(server, id, folder)));
    await pause();
  }
}

async function download(server: RunningServer, id: string, folder: string): Promise<string> {
  const file = join(folder, `${id}.mp4`);
  const media = await server.api('GET', `/api/recordings/${id}/media.mp4`);
  writeFileSync(file, Buffer.from(await media.arrayBuffer()));
  return file;
}
