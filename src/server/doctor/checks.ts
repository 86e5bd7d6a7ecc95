import { constants, existsSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { probeFfmpeg } from '../../transcode/probe-ffmpeg.ts';
import { lackingForTranscoding } from '../../transcode/transcoder.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Config } from '../config/config-schema.ts';
import { type ConfigSources, loadConfig } from '../config/load-config.ts';
import { checkAddress } from '../listen.ts';
import { PAGES_FOLDER } from '../pages/pages-folder.ts';
import { checkRtmpSettings } from '../rtmp/rtmp-servers.ts';
import { StartError } from '../start-error.ts';

/** What one look found: `off` is nothing to mend, only something that is not there. */
export interface Finding {
  readonly name: string;
  readonly state: 'works' | 'off' | 'broken';
  readonly words: string;
}

const MIN_NODE = 24;
const LOW_DISK_BYTES = 1e9;
const FULL_DISK_BYTES = 50e6;
const TOOL_TIMEOUT = 5_000;

/** Looks at everything, in the order in which it is needed. */
export async function runChecks(sources: ConfigSources): Promise<Finding[]> {
  const first = [checkNode(process.versions.node), await checkDatabase(), checkPages()];
  try {
    const { config, file, warnings } = await loadConfig(sources);
    const words = [file ?? 'no file, so the defaults and the environment', ...warnings].join('; ');
    return [
      ...first,
      works('settings', words),
      await checkPort(config),
      await checkRtmp(config),
      await checkData(config.data),
      await checkDisk(config.data),
      await checkFfmpeg(config.transcode),
      checkTls(config),
    ];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [...first, broken('settings', error.problems.join('; '))];
  }
}

const works = (name: string, words: string): Finding => ({ name, state: 'works', words });
const off = (name: string, words: string): Finding => ({ name, state: 'off', words });
const broken = (name: string, words: string): Finding => ({ name, state: 'broken', words });

function checkNode(version: string): Finding {
  if (Number(version.split('.')[0]) >= MIN_NODE) return works('Node', version);
  return broken('Node', `${version}, but ${MIN_NODE} is needed: npm ci installs it`);
}

async function checkDatabase(): Promise<Finding> {
  try {
    const { default: SQLite } = await import('better-sqlite3');
    const database = new SQLite(':memory:');
    const version = database.prepare('select sqlite_version()').pluck().get();
    database.close();
    return works('database', `SQLite ${String(version)}`);
  } catch (error) {
    return broken('database', `SQLite does not load: ${String(error)}`);
  }
}

function checkPages(): Finding {
  if (existsSync(join(PAGES_FOLDER, 'index.html'))) return works('pages', PAGES_FOLDER);
  return broken('pages', 'not built: npm start builds them');
}

async function checkPort({ server: { host, port } }: Config): Promise<Finding> {
  try {
    await checkAddress(host, port);
    return works('port', `${host}:${port} is free`);
  } catch (error) {
    if (await isHeadwater(host, port)) return works('port', `Headwater is running at ${host}:${port}`);
    return broken('port', error instanceof Error ? error.message : String(error));
  }
}

async function checkRtmp(config: Config): Promise<Finding> {
  const { enabled, port, tlsPort, plain, certificate } = config.ingest.rtmp;
  if (!enabled) return off('RTMP', 'nobody is taken in: ingest.rtmp.enabled is false');
  const ports = [plain ? `rtmp: on ${port}` : '', certificate ? `rtmps: on ${tlsPort}` : ''];
  const words = ports.filter((port) => port !== '').join(', ');
  try {
    await checkRtmpSettings(config);
    return works('RTMP', words);
  } catch (error) {
    const isInUse = error instanceof StartError && error.code === 'port-in-use';
    if (isInUse && (await isHeadwater(config.server.host, config.server.port))) return works('RTMP', words);
    return broken('RTMP', error instanceof Error ? error.message : String(error));
  }
}

async function isHeadwater(host: string, port: number): Promise<boolean> {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  try {
    const answer = await fetch(`http://${name}:${port}/api/openapi.json`, {
      signal: AbortSignal.timeout(TOOL_TIMEOUT),
    });
    const { info } = (await answer.json()) as { info?: { title?: string } };
    return info?.title === 'Headwater';
  } catch {
    return false;
  }
}

async function checkData(folder: string): Promise<Finding> {
  const present = nearestFolder(folder);
  try {
    await access(present, constants.W_OK | constants.X_OK);
    return works('data folder', present === folder ? folder : `${folder} will be made`);
  } catch {
    return broken(
      'data folder',
      `${present} cannot be written to by this user: set HEADWATER_DATA to one that can`,
    );
  }
}

async function checkDisk(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(nearestFolder(folder));
  const free = bavail * bsize;
  const hours = Math.floor((free * 8) / 2.5e6 / 3600);
  const words = `${(free / 1e9).toFixed(1)} GB free: about ${hours} h of recording at 2.5 Mbit/s`;
  if (free < FULL_DISK_BYTES) return broken('disk', words);
  return free < LOW_DISK_BYTES ? off('disk', `${words}; make room`) : works('disk', words);
}

async function checkFfmpeg({ enabled, ffmpeg }: Config['transcode']): Promise<Finding> {
  if (!enabled) return off('ffmpeg', 'not used: transcode.enabled is false');
  const info = await probeFfmpeg(ffmpeg);
  if (!info) {
    const without =
      'players that do not know Opus, and RTMP destinations, get no sound; Firefox, which sends VP8, is not taken';
    return off(
      'ffmpeg',
      `there is no ${ffmpeg} that runs: ${without}. Install it, or name it in transcode.ffmpeg`,
    );
  }
  const problems = lackingForTranscoding(info);
  if (problems.length === 0) return works('ffmpeg', `${info.version}, with AAC and H.264`);
  return off('ffmpeg', `${problems.join('; ')}: install a build that has it`);
}

/** Browsers give a camera only to pages of this machine or over HTTPS. */
function checkTls({ server: { host, trustProxy } }: Config): Finding {
  if (trustProxy.length > 0)
    return works('TLS', `the proxy at ${trustProxy.join(', ')} is expected to end it`);
  if (/^(127\.|localhost$|::1$)/.test(host)) return off('TLS', 'not needed: only this machine can connect');
  const words =
    'none: from other machines people can watch, but browsers give their camera only to HTTPS. Put a proxy that ends TLS in front, and name it in server.trustProxy';
  return off('TLS', words);
}

function nearestFolder(folder: string): string {
  let present = folder;
  while (!existsSync(present) && dirname(present) !== present) present = dirname(present);
  return present;
}
