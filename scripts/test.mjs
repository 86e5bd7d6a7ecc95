// `npm test`: on a machine with only Node ≥ 20 and npm (and apt-get, where Chromium or ffmpeg are missing), checks the
// code, runs every test, and ends with one line `N passed, N failed`.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from './check.mjs';
import { ensureBuilt, ensureInstalled, fail, pinnedNode, root, say } from './prepare.mjs';

/** What the tests drive and judge with: the command or file, and Debian's package that has it. */
const tools = [
  { command: 'chromium', package: 'chromium' },
  { command: 'ffmpeg', package: 'ffmpeg' },
  { command: 'ffprobe', package: 'ffmpeg' },
  { command: 'openssl', package: 'openssl' },
  { command: 'obs', package: 'obs-studio' },
  { command: 'Xvfb', package: 'xvfb' },
  { command: 'strace', package: 'strace' },
  { command: 'nginx', package: 'nginx' },
  { file: '/usr/lib/nginx/modules/ngx_rtmp_module.so', package: 'libnginx-mod-rtmp' },
  { file: '/usr/lib/nginx/modules/ngx_stream_module.so', package: 'libnginx-mod-stream' },
];

ensureTools();
ensureInstalled();
ensureBuilt();
const only = process.argv.slice(2);
const results =
  only.length > 0
    ? [await runTests(only)]
    : [runCheck(), await runTests(['--project', 'unit']), await runTests(['--project', 'e2e'])];
const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function runCheck() {
  const { passed, failed } = check();
  return { passed, failed: failed.length };
}

/** Runs Vitest; a run that broke without a failed test counts as one failure. */
async function runTests(args) {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-test-'));
  const report = join(folder, 'report.json');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawn(pinnedNode(), [vitest, 'run', ...reporters, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  const [status] = await once(child, 'close');
  const { numPassedTests, numFailedTests } = readReport(report);
  rmSync(folder, { recursive: true, force: true });
  return { passed: numPassedTests, failed: numFailedTests === 0 && status !== 0 ? 1 : numFailedTests };
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0 };
  }
}

function ensureTools() {
  const missing = tools
    .filter((tool) => !(tool.file ? existsSync(tool.file) : has(tool.command)))
    .map((tool) => tool.package);
  if (missing.length === 0) return;
  const packages = [...new Set(missing)];
  if (!has('apt-get') || process.getuid?.() !== 0) {
    fail(`The tests need ${packages.join(' and ')}. On Debian: apt-get install ${packages.join(' ')}`);
  }
  say(`Installing ${packages.join(' and ')} …`);
  aptGet(['update']);
  aptGet(['install', '-y', '--no-install-recommends', ...packages]);
}

function aptGet(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status } = spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 2, 2] });
  if (status !== 0) fail(`apt-get ${args.join(' ')} failed`);
}

function has(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}
