import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { publishRecording } from '../e2e/support/publish-file.ts';
import type { LiveScene } from './live-scene.ts';

const run = promisify(execFile);
const PATIENCE = 60_000;
const LOOK_EVERY = 250;
/** A channel whose recordings are kept as they were sent, too. */
const KEPT = 'kept';

/** An address of ours, and what is to be found there. */
interface Address {
  readonly name: string;
  readonly url: string;
  readonly streams: readonly string[];
  /** Only the admin may have it. */
  readonly token?: string;
}

/** What ffprobe found. */
export interface ProbeVerdict {
  readonly name: string;
  readonly found: string;
  /** It found something else than there is, or complained. */
  readonly fault: string | undefined;
}

/** Lets ffprobe look at every kind of address: live, gone back in, recorded, and as it was sent. */
export async function probeAddresses(scene: LiveScene): Promise<ProbeVerdict[]> {
  const verdicts: ProbeVerdict[] = [];
  for (const address of [...(await liveAddresses(scene)), ...(await recordedAddresses(scene))]) {
    verdicts.push(await probe(address));
  }
  return verdicts;
}

async function liveAddresses(scene: LiveScene): Promise<Address[]> {
  const both = ['h264', 'opus'];
  const index = await untilServed(scene.url('index.m3u8'));
  const id = /^(.+)\/video\.m3u8$/m.exec(index)?.[1];
  const at = (name: string, streams: readonly string[], path = name) => ({
    name,
    url: scene.url(path),
    streams,
  });
  return [
    at('index.m3u8', [...both, 'aac']),
    at('video.m3u8', ['h264'], `${id}/video.m3u8`),
    at('audio.m3u8', ['opus'], `${id}/audio.m3u8`),
    at('aac.m3u8', ['aac'], `${id}/aac.m3u8`),
    at('manifest.mpd', both),
    at('dvr.m3u8', both),
    at('dvr.mpd', both),
  ];
}

async function recordedAddresses({ server }: LiveScene): Promise<Address[]> {
  await server.api('POST', '/api/channels', { name: KEPT, keepOriginal: true });
  const id = await publishRecording(server, { channel: KEPT });
  const at = (name: string, path: string) => ({
    name,
    url: server.url + path,
    streams: ['h264', 'opus'],
    token: server.token,
  });
  return [
    { ...at('dvr.m3u8, over', `/live/${KEPT}/dvr.m3u8`), token: '' },
    { ...at('dvr.mpd, over', `/live/${KEPT}/dvr.mpd`), token: '' },
    at('vod: index.m3u8', `/vod/${id}/index.m3u8`),
    at('vod: manifest.mpd', `/vod/${id}/manifest.mpd`),
    at('recording: media.mp4', `/api/recordings/${id}/media.mp4`),
    at('recording: original WebM', `/api/recordings/${id}/originals/1`),
  ];
}

async function untilServed(url: string, headers: Record<string, string> = {}): Promise<string> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const answer = await fetch(url, { headers: { ...headers, range: 'bytes=0-4095' } });
    if (answer.ok || Date.now() > end) return await answer.text();
    await new Promise((done) => setTimeout(done, LOOK_EVERY));
  }
}

async function probe({ name, url, streams, token }: Address): Promise<ProbeVerdict> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  await untilServed(url, headers);
  const said = token ? ['-headers', `authorization: Bearer ${token}\r\n`] : [];
  const args = ['-v', 'error', ...said, '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', url];
  try {
    const { stdout, stderr } = await run('ffprobe', args, { timeout: PATIENCE });
    const found = [...new Set(stdout.split(/\s+/).filter((word) => word !== ''))];
    const same = streams.toSorted().join() === found.toSorted().join();
    const fault = same ? stderr.split('\n')[0] || undefined : `expected ${streams.join(', ')}`;
    return { name, found: found.join(', '), fault };
  } catch (error) {
    return { name, found: '', fault: error instanceof Error ? error.message.slice(0, 200) : String(error) };
  }
}

/** Verdicts as a Markdown table. */
export function formatProbes(verdicts: readonly ProbeVerdict[]): string {
  return [
    '| address | ffprobe finds | complains of |',
    '| --- | --- | --- |',
    ...verdicts.map(({ name, found, fault }) => `| ${name} | ${found} | ${fault ?? '–'} |`),
  ].join('\n');
}
