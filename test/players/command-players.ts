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
  /** It writes the media to its standard output, and does not end by itself: enough bytes are the proof. */
  readonly passesOn?: boolean;
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
    // In the stream's own time: in 1/30 s two frames of a camera are one at times.
    ...['-enc_time_base', '-1', '-f', 'null', '-', '-progress', 'pipe:1'],
  ],
  proof: /^out_time=\S+$(?![\s\S]*^out_time=)/m,
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

const vlc = (path: CommandPlayer['path']): CommandPlayer => ({
  name: `VLC, ${path}`,
  command: 'cvlc',
  path,
  args: (url, seconds) => [
    ...['--no-color', '-vv', '--vout', 'vdummy', '--aout', 'adummy', '--play-and-exit'],
    // It counts its start, which takes long on a busy machine.
    ...['--run-time', String(seconds + 10), url, 'vlc://quit'],
  ],
  proof: /Received first picture/,
});

/** Every command and address that it plays. */
export const COMMAND_PLAYERS: readonly CommandPlayer[] = [
  ffmpeg('index.m3u8'),
  ffmpeg('manifest.mpd'),
  mpv('index.m3u8'),
  mpv('manifest.mpd'),
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
    name: 'streamlink, manifest.mpd',
    command: 'streamlink',
    path: 'manifest.mpd',
    // There is nothing like --hls-duration for DASH.
    args: (url) => ['--loglevel', 'info', '--stdout', url, 'best'],
    proof: /Opening stream/,
    passesOn: true,
  },
  vlc('index.m3u8'),
  vlc('manifest.mpd'),
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
  const enough = setTimeout(() => player.passesOn && child.kill('SIGINT'), seconds * 1000);
  let [out, complaints] = ['', ''];
  let passed = 0;
  child.stdout.on('data', (bytes: Buffer) => {
    passed += bytes.length;
    if (!player.passesOn) out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    complaints += bytes.toString();
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  clearTimeout(limit);
  clearTimeout(enough);
  const starved = player.passesOn && passed < seconds * LEAST_BYTES;
  const proof = starved ? undefined : player.proof.exec(out + complaints)?.[0];
  const bad = complaints
    .split('\n')
    // Nor that there is no desktop to be controlled from.
    .filter(
      (line) => /\b(?:error|invalid|failed|corrupt)\b/i.test(line) && !/ debug: | interface /.test(line),
    );
  return { name: player.name, proof, exitCode, complaints: bad.slice(0, 5) };
}

/** Of media, a second: even a poor picture is more. */
const LEAST_BYTES = 20_000;
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
