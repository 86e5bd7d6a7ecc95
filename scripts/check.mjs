// `npm run check`: format, lint, import cycles, types and layers, unused code, documentation. Every step runs, so
// that one look shows all that is wrong.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureInstalled, pinnedNode, root, say } from './prepare.mjs';

const bin = (...parts) => join(root, 'node_modules', ...parts);

const steps = [
  {
    name: 'format, lint and import cycles',
    args: [bin('@biomejs', 'biome', 'bin', 'biome'), 'ci', '--colors=off', '.'],
  },
  { name: 'types and layers', args: [bin('typescript', 'bin', 'tsc'), '-b'] },
  { name: 'unused code', args: [bin('knip', 'bin', 'knip.js'), '--no-progress'] },
  { name: 'documentation', args: [join(root, 'scripts', 'check-docs.ts')] },
];

/** Runs every step; answers how many passed and which failed. */
export function check() {
  const failed = [];
  for (const step of steps) {
    const { status, stdout, stderr } = spawnSync(pinnedNode(), step.args, { cwd: root, encoding: 'utf8' });
    say(`${status === 0 ? '✓' : '✗'} ${step.name}`);
    if (status === 0) continue;
    say(`${stdout}${stderr}`);
    failed.push(step.name);
  }
  return { passed: steps.length - failed.length, failed };
}

if (process.argv[1] === import.meta.filename) {
  ensureInstalled();
  process.exitCode = check().failed.length > 0 ? 1 : 0;
}
