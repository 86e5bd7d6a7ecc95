// `npm run players`: every player, two minutes each, through a network cut and another session of the publisher; then every
// command, and ffprobe on every kind of address. `npm run players -- hls.js VLC` some of them. Ends with 0 when none gave up and none found a gap.
import type { BrowserPlayer } from './browser-player.ts';
import { COMMAND_PLAYERS, type CommandVerdict, formatCommands, runCommandPlayer } from './command-players.ts';
import { dashJs } from './dash-js.ts';
import { hlsJs } from './hls-js.ts';
import { formatVerdicts, judgePlayer, type PlayerVerdict } from './judge-player.ts';
import { LiveScene } from './live-scene.ts';
import { playThrough, TWO_MINUTES } from './play-through.ts';
import { formatProbes, type ProbeVerdict, probeAddresses } from './probe-addresses.ts';
import { shaka } from './shaka.ts';
import { videoJs } from './video-js.ts';

const COMMAND_SECONDS = 20;
const PLAYERS: readonly BrowserPlayer[] = [
  hlsJs,
  videoJs,
  shaka('index.m3u8'),
  dashJs,
  shaka('manifest.mpd'),
];

const words = process.argv.slice(2);
const wanted = ({ name }: { readonly name: string }) =>
  words.length === 0 || words.some((word) => name.startsWith(word));

let failed = 0;
const verdicts: PlayerVerdict[] = [];
const commands: CommandVerdict[] = [];
let probes: readonly ProbeVerdict[] = [];
const scene = await LiveScene.open();
try {
  // Who is there from the first moment finds that sound and picture begin some milliseconds apart.
  await new Promise((done) => setTimeout(done, 8000));
  for (const player of PLAYERS.filter(wanted)) {
    console.error(`${player.name} …`);
    try {
      const verdict = judgePlayer(await playThrough(scene, player, TWO_MINUTES));
      verdicts.push(verdict);
      if (verdict.faults.length > 0) failed += 1;
      for (const fault of verdict.faults) console.log(`✗ ${player.name}: ${fault}`);
    } catch (error) {
      failed += 1;
      console.log(`✗ ${player.name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  for (const player of COMMAND_PLAYERS.filter(wanted)) {
    console.error(`${player.name} …`);
    await scene.untilServed(player.path);
    const verdict = await runCommandPlayer(player, scene.url(player.path), COMMAND_SECONDS);
    commands.push(verdict);
    if (verdict.proof === undefined) failed += 1;
  }
  if (wanted({ name: 'ffprobe' })) {
    console.error('ffprobe …');
    probes = await probeAddresses(scene);
    failed += probes.filter(({ fault }) => fault !== undefined).length;
  }
} finally {
  await scene.close();
}
console.log(formatVerdicts(verdicts));
console.log(formatCommands(commands));
console.log(formatProbes(probes));
process.exitCode = failed > 0 ? 1 : 0;
