// `npm run players`: other people's players on a live broadcast, in Chromium and as commands (test/players/main.ts).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, pinnedNode, root } from './prepare.mjs';

ensureInstalled();
ensureBuilt();
const main = join(root, 'test', 'players', 'main.ts');
const { status } = spawnSync(pinnedNode(), [main, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
