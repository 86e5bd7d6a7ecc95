import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { childEnvironment } from './ffmpeg-child.ts';

/** What the ffmpeg of this machine is, and which encoders it has of those that are asked of it. */
export interface FfmpegInfo {
  readonly version: string;
  readonly encoders: ReadonlySet<string>;
}

/** On a machine that is busy with all it has, it takes seconds to be loaded. */
const TIMEOUT = 20_000;
const VERSION = /^n?(\d+)\.(\d+)/;
const MOST_OUTPUT = 1024 * 1024;

/** Asks the ffmpeg at that path, or of that name in PATH; undefined where there is none that answers within 20 s. */
export async function probeFfmpeg(path: string): Promise<FfmpegInfo | undefined> {
  try {
    const options = { timeout: TIMEOUT, maxBuffer: MOST_OUTPUT, env: childEnvironment() };
    const { stdout, stderr } = await promisify(execFile)(path, ['-nostdin', '-encoders'], options);
    const version = /^ffmpeg version (\S+)/m.exec(stderr)?.[1] ?? 'of an unknown version';
    const names = [...stdout.matchAll(/^ [VAS][F.][S.][X.][B.][D.] (\S+)/gm)].map(([, name = '']) => name);
    return { version, encoders: new Set(names) };
  } catch {
    return undefined;
  }
}

/** What that ffmpeg lacks for something that needs an encoder and a release, in words; undefined where it lacks nothing. */
export function lacking(
  { version, encoders }: FfmpegInfo,
  { name, encoder, release }: { readonly name: string; readonly encoder: string; readonly release: string },
): string | undefined {
  if (!encoders.has(encoder)) return `ffmpeg ${version} has no encoder ${encoder}, which ${name} needs`;
  if (isOlder(version, release)) return `ffmpeg ${version} is too old for ${name}: it needs ${release}`;
  return undefined;
}

/** A build without a release number (of a day, of a commit) is taken to be new. */
function isOlder(version: string, release: string): boolean {
  return releaseOf(version) < releaseOf(release);
}

function releaseOf(version: string): number {
  const [, major, minor] = VERSION.exec(version) ?? [];
  return major === undefined ? Number.POSITIVE_INFINITY : Number(major) * 1000 + Number(minor);
}
