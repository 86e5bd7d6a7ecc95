// `npm start`: on a machine with only Node ≥ 20 and npm, installs what is missing, builds the pages when they are stale,
// and runs the server under the pinned Node. When nothing changed it goes straight to the server.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureCompiled, ensureInstalled, fail, pinnedNode, root } from './prepare.mjs';

ensureInstalled();
ensureBuilt();
ensureCompiled();

const command = [join(root, 'bin', 'headwater.mjs'), 'start', ...process.argv.slice(2)];
const server = spawn(pinnedNode(), command, { stdio: 'inherit', shell: process.platform === 'win32' });
// Ctrl-C may reach the server twice, from the terminal and from here; it counts that as once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => server.kill(signal));
server.on('error', (error) => fail(`The server could not be started: ${error.message}`));
server.on('exit', (code, signal) => {
  process.exitCode = signal ? 1 : (code ?? 1);
});
