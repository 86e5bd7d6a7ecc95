import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RecordingResource } from '../../../src/wire/api.ts';
import { countDecodedFrames, probePackets } from './ffprobe.ts';
import type { RunningServer } from './running-server.ts';

/** The recordings of a channel, the newest first. */
export async function listRecordings(server: RunningServer, channel = 'main'): Promise<RecordingResource[]> {
  const answer = await server.api('GET', `/api/recordings?channel=${channel}`);
  return ((await answer.json()) as { items: RecordingResource[] }).items;
}

/** Downloads a recording into the server's data folder, which goes with the server. Answers the file. */
export async function downloadRecording(server: RunningServer, id: string): Promise<string> {
  const answer = await server.api('GET', `/api/recordings/${id}/media.mp4`);
  expect(answer.status).toBe(200);
  const file = join(server.data, `${id}.mp4`);
  await writeFile(file, Buffer.from(await answer.arrayBuffer()));
  return file;
}

/** The frames and packets of the recording are those that the browser made: none missing, none twice, none broken. */
export async function expectSameMedia(file: string, captured: readonly string[]): Promise<void> {
  for (const kind of ['video', 'audio'] as const) {
    const made = (await Promise.all(captured.map((part) => probePackets(part, kind)))).flat();
    const kept = await probePackets(file, kind);
    // An empty Opus packet of one byte fills a hiccup of the microphone (docs/decisions/0007).
    expect(kept.filter(({ size }) => size > 1).length).toBe(made.length);
    for (let i = 1; i < kept.length; i += 1) expect(kept[i]?.dts).toBeGreaterThan(kept[i - 1]?.dts ?? 0);
  }
  const made = await Promise.all(captured.map(countDecodedFrames));
  expect(await countDecodedFrames(file)).toBe(made.reduce((sum, frames) => sum + frames, 0));
}

/** The picture goes on, never back; a camera may be asked twice within one frame. */
export function expectRisingFrames(frames: readonly { frame: number }[]): void {
  for (let i = 1; i < frames.length; i += 1) {
    expect(frames[i]?.frame).toBeGreaterThanOrEqual(frames[i - 1]?.frame ?? 0);
  }
  expect(frames.at(-1)?.frame).toBeGreaterThan(frames[0]?.frame ?? 0);
}
