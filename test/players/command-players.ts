import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A player that is a command of Debian's, run without screen or loudspeaker. */
interface CommandPlayer {
  readonly name: string;
  readonly command: string;
  readonly path: 'index.m3u8' | 'manifest.mpd';
  args(url: string, seconds: number): readonly string[];
  /** Of what it printed: seconds or frames that it got, as a proof that it played. */
  readonly proof: RegExp;
}

/** How a command did. */
export interface CommandVerdict {
  readonly name: string;
  /** In its own words. */
  readonly proof: string | undefined;
  readonly exitCode: number | null;
  /** What it complained of, the first lines. */
  readonly complaints: readonly string[];
}

const ffmpeg = (path: CommandPlayer['path']): CommandPlayer => ({
  name: `ffmpeg, ${path}`,
  command: 'ffmpeg',
  path,
  args: (url, seconds) => [
    ...['-hide_banner', '-nostdin', '-loglevel', 'warning', '-i', url, '-t', String(seconds)],
    ...['-f', 'null', '-', '-progress', 'pipe:1'],
  ],
  proof: /^out_time=\S+$(?![\s\S]*^out_time=)/m,
});

const ffprobe = (path: CommandPlayer['path']): CommandPlayer => ({
  name: `ffprobe, ${path}`,
  command: 'ffprobe',
  path,
  args: (url) => ['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', url],
  proof: /^(?:h264|opus|vp9|av1)$/m,
});

const mpv = (path: CommandPlayer['path']): CommandPlayer => ({
  name: `mpv, ${path}`,
  command: 'mpv',
  path,
  args: (url, seconds) => [
    ...['--no-config', '--vo=null', '--ao=null', '--msg-level=all=warn,cplayer=info', `--length=${seconds}`],
    url,
  ],
  proof: /Exiting\.\.\. \(End of file\)/,
});

/** Every command and address. */
export const COMMAND_PLAYERS: readonly CommandPlayer[] = [
  ffmpeg('index.m3u8'),
  ffmpeg('manifest.mpd'),
  ffprobe('index.m3u8'),
  ffprobe('manifest.mpd'),
  mpv('index.m3u8'),
  {
    name: 'streamlink, index.m3u8',
    command: 'streamlink',
    path: 'index.m3u8',
    args: (url, seconds) => [
      ...['--loglevel', 'info', '--hls-duration', String(seconds), '--output', '/dev/null', '--force'],
      ...[url, 'best'],
    ],
    proof: /Stream ended/,
  },
  {
    name: 'VLC, index.m3u8',
    command: 'cvlc',
    path: 'index.m3u8',
    args: (url, seconds) => [
      ...['--no-color', '-vv', '--vout', 'vdummy', '--aout', 'adummy', '--play-and-exit'],
      ...['--run-time', String(seconds), url, 'vlc://quit'],
    ],
    proof: /Received first picture/,
  },
];

/** Plays for so many seconds. Rejects where there is no such command. */
export async function runCommandPlayer(
  player: CommandPlayer,
  url: string,
  seconds: number,
): Promise<CommandVerdict> {
  // VLC refuses to run as root, whatever it is to play.
  const asRoot = process.getuid?.() === 0;
  const options = player.command === 'cvlc' && asRoot ? { uid: NOBODY, gid: NOBODY, env: PATH_AND_HOME } : {};
  const child = spawn(player.command, player.args(url, seconds), {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), (seconds + 40) * 1000);
  let [out, complaints] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    complaints += bytes.toString();
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  clearTimeout(limit);
  const proof = player.proof.exec(out + complaints)?.[0];
  const bad = complaints
    .split('\n')
    .filter((line) => /\b(?:error|invalid|failed|corrupt)\b/i.test(line) && !/ debug: /.test(line));
  return { name: player.name, proof, exitCode, complaints: bad.slice(0, 5) };
}

const NOBODY = 65_534;
const PATH_AND_HOME = { PATH: process.env.PATH ?? '/usr/bin', HOME: '/tmp' };

/** Verdicts as a Markdown table. */
export function formatCommands(verdicts: readonly CommandVerdict[]): string {
  return [
    '| command | plays | ends with | complains of |',
    '| --- | --- | --- | --- |',
    ...verdicts.map(
      ({ name, proof, exitCode, complaints }) =>
        `| ${name} | ${proof === undefined ? 'no' : 'yes'} | ${exitCode} | ${complaints[0]?.slice(0, 100) ?? '–'} |`,
    ),
  ].join('\n');
}
