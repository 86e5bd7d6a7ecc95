import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { RunningServer } from './running-server.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** A recording of Chromium's own camera: 640 × 360, H.264 and Opus, a keyframe a second. */
const CHROMIUM_RECORDING = join(root, 'test', 'fixtures', 'chromium', 'webm-h264-opus.webm');

/** `headwater publish`, running. */
export interface RunningPublish {
  readonly process: ChildProcess;
  /** What it printed on standard output, once it exits with 0; rejects with what it complained of otherwise. */
  readonly done: Promise<string>;
}

/** Runs `headwater publish` with a channel's stream key, as a program on this machine would. */
export function publishFile(
  server: RunningServer,
  streamKey: string,
  options: { file?: string; channel?: string; args?: readonly string[] } = {},
): RunningPublish {
  const { file = CHROMIUM_RECORDING, channel = 'main', args = [] } = options;
  const child = spawn(
    process.execPath,
    [join(root, 'bin', 'headwater.mjs'), 'publish', file, '--to', `${server.url}/live/${channel}`, ...args],
    { env: { ...process.env, HEADWATER_STREAM_KEY: streamKey }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return { process: child, done: readResult(child) };
}

async function readResult(child: ChildProcess): Promise<string> {
  let printed = '';
  let complaint = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    printed += bytes.toString();
  });
  child.stderr?.on('data', (bytes: Buffer) => {
    complaint += bytes.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(complaint || printed);
  return printed;
}

/** Gives a channel a new stream key, and answers it. */
export async function newStreamKey(server: RunningServer, channel = 'main'): Promise<string> {
  const answer = await server.api('POST', `/api/channels/${channel}/key`);
  return ((await answer.json()) as { streamKey: string }).streamKey;
}

/** Publishes a file to its end. Answers the id of the recording. */
export async function publishRecording(
  server: RunningServer,
  options: Parameters<typeof publishFile>[2] = {},
): Promise<string> {
  const key = await newStreamKey(server, options.channel);
  const printed = await publishFile(server, key, options).done;
  const id = /Recording: (\S+)/.exec(printed)?.[1];
  if (!id) throw new Error(`no recording: ${printed}`);
  return id;
}
