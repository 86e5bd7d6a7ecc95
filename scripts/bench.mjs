// `npm run bench`: builds what is needed and runs the benchmarks (bench/main.ts).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, pinnedNode, root } from './prepare.mjs';

ensureInstalled();
ensureBuilt();
const { status } = spawnSync(pinnedNode(), [join(root, 'bench', 'main.ts'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
