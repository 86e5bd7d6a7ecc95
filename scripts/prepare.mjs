// What `npm start` and `npm test` need before they can run anything: the packages and the built browser side.
// Plain JavaScript for Node 20 and up, with nothing installed yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that package.json is in. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const installStamp = join(root, 'node_modules', '.headwater-install');
const buildStamp = join(root, 'dist', '.headwater-build');
const compileStamp = join(root, 'node_modules', '.headwater-compiled');
const builtFrom = ['src/media', 'src/wire', 'src/studio', 'src/player', 'src/web'];

/** Installs the packages of the lock file, unless that very lock file was installed before. */
export function ensureInstalled() {
  const wanted = hashOf(['package.json', 'package-lock.json', '.npmrc']);
  if (readStamp(installStamp) === wanted) return;
  say('Installing packages (once) …');
  const npm = process.env.npm_execpath;
  const [command, ...first] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  // Not `npm ci`: it refuses a lock file that does not list the tools' binaries for every other platform, and which
  // of them a registry holds differs. `install --no-save` takes the locked versions and leaves the lock alone.
  run(command, [
    ...first,
    'install',
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  writeFileSync(installStamp, wanted);
}

/** Builds the browser side into `dist/web`, unless nothing that it is made from has changed. */
export function ensureBuilt() {
  const wanted = hashOf(['package-lock.json', 'vite.config.ts', 'tsconfig.base.json', ...builtFrom]);
  if (readStamp(buildStamp) === wanted) return;
  say('Building the pages …');
  run(pinnedNode(), [join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'warn']);
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, wanted);
}

/**
 * Lets another process load the server first, unless nothing has changed since: what it compiled is kept (see
 * bin/headwater.mjs), and a server that compiles nothing itself holds 20 MB less for as long as it runs.
 */
export function ensureCompiled() {
  const wanted = hashOf(['package-lock.json', 'bin', 'src']);
  if (readStamp(compileStamp) === wanted) return;
  const load = [join(root, 'bin', 'headwater.mjs'), 'start', '--help'];
  const { status } = spawnSync(pinnedNode(), load, { stdio: 'ignore', shell: process.platform === 'win32' });
  // What is wrong, the start itself will say better.
  if (status === 0) writeFileSync(compileStamp, wanted);
}

/** The Node that runs TypeScript: the pinned one where it is installed, else this one where it is new enough. */
export function pinnedNode() {
  const pinned = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  fail(
    `Node 24 is needed. None is packaged for ${process.platform} ${process.arch}: install Node 24 and try again.`,
  );
}

/** Runs a command to its end with this terminal; its failure is ours. */
export function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (error) fail(`${command} could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Ends with an explanation. */
export function fail(message) {
  say(message);
  process.exit(1);
}

/** Tells the person at the terminal; standard output is for results. */
export function say(message) {
  process.stderr.write(`${message}\n`);
}

function readStamp(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap(filesUnder))
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

function filesUnder(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (!isFolder(full)) return [path];
  return readdirSync(full, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

function isFolder(path) {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}
