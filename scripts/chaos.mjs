// `npm run chaos`: breaks networks, servers and tabs under a live broadcast and proves that not a frame of it is lost
// (test/e2e/chaos/main.ts).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, pinnedNode, root } from './prepare.mjs';

ensureInstalled();
ensureBuilt();
const main = join(root, 'test', 'e2e', 'chaos', 'main.ts');
const { status } = spawnSync(pinnedNode(), [main, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
