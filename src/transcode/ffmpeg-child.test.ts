import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ManualClock } from '../channel/manual-clock.ts';
import { CollectingChunkSink } from '../package/collecting-chunk-sink.ts';
import { AAC_RECIPE } from './aac-recipe.ts';
import { makeBeeps, packageRecording } from './beep-source.ts';
import { ffmpegAt } from './ffmpeg-child.ts';
import { H264_RECIPES } from './h264-recipe.ts';
import { probeFfmpeg } from './probe-ffmpeg.ts';
import type { ChildOptions } from './transcode-child.ts';

const clock = new ManualClock();

function start(path: string, options: Partial<ChildOptions> = {}) {
  const output: Uint8Array[] = [];
  const child = ffmpegAt(
    path,
    clock,
  )({ arguments: [], niceness: 5, onOutput: (bytes) => output.push(bytes), ...options });
  onTestFinished(async () => {
    child.kill();
    await child.closed;
  });
  return { child, output };
}

/** A zombie is dead: whose parent was killed may have nobody who buries it. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a child', () => {
  it('reads and writes its two pipes, complains, and ends when nothing follows', async () => {
    const { child, output } = start('/bin/cat');
    child.write([Uint8Array.of(1, 2), Uint8Array.of(3)]);
    child.end();
    expect(await child.closed).toEqual({ code: 0, missing: false, words: 'ffmpeg ended with code 0' });
    expect(Buffer.concat(output)).toEqual(Buffer.of(1, 2, 3));
  });

  it('tells the last of its complaints', async () => {
    const { child } = start('ffmpeg', { arguments: ['-loglevel', 'error', '-f', 'nothing', '-i', 'pipe:0'] });
    const { code, words } = await child.closed;
    expect(code).toBe(1);
    expect(words).toBe("ffmpeg ended with code 1: Unknown input format: 'nothing'");
  });

  it('says that there is no such program', async () => {
    const { child } = start('/nowhere/ffmpeg');
    child.write([Uint8Array.of(1)]);
    expect(await child.closed).toMatchObject({ missing: true, words: 'spawn /nowhere/ffmpeg ENOENT' });
  });

  it('says that the system does not start it', async () => {
    const { child } = start('/etc/passwd/ffmpeg');
    child.write([Uint8Array.of(1)]);
    child.end();
    child.kill();
    expect([child.pid, child.queued]).toEqual([undefined, 0]);
    expect(await child.closed).toMatchObject({ missing: true, words: 'spawn ENOTDIR' });
    expect(clock.pending).toBe(0);
  });

  it('costs a server that has no file descriptors left the child, and nothing else', async () => {
    const url = (file: string) => JSON.stringify(import.meta.resolve(file));
    const code = `
      import { openSync } from 'node:fs';
      import { ffmpegAt } from ${url('./ffmpeg-child.ts')};
      import { probeFfmpeg } from ${url('./probe-ffmpeg.ts')};
      await probeFfmpeg('ffmpeg');
      try { for (;;) openSync('/dev/null'); } catch {}
      let timers = 0;
      const clock = { after: () => ({ cancel: () => { timers -= 1; } }, timers += 1) };
      const child = ffmpegAt('ffmpeg', clock)({ arguments: [], niceness: 5, onOutput() {} });
      child.write([Uint8Array.of(1)]);
      child.end();
      child.kill();
      const exit = await child.closed;
      console.log(JSON.stringify({ exit, timers, probed: await probeFfmpeg('ffmpeg') ?? null }));
    `;
    const run = ['-c', 'ulimit -n 96; exec "$0" --input-type=module -e "$1"', process.execPath, code];
    const server = spawn('/bin/sh', run, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    server.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    expect((await once(server, 'close'))[0]).toBe(0);
    expect(JSON.parse(said)).toEqual({
      exit: { missing: false, words: 'spawn ffmpeg EMFILE' },
      ...{ timers: 0, probed: null },
    });
  });

  it('knows nothing of the server’s environment', async () => {
    vi.stubEnv('HEADWATER_ADMIN_TOKEN', 'a canary');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const { child, output } = start('/usr/bin/env');
    await child.closed;
    const names = Buffer.concat(output)
      .toString()
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(names).toContain('PATH');
    expect(names.filter((name) => !['PATH', 'LD_LIBRARY_PATH'].includes(name ?? ''))).toEqual([]);
  });

  it('runs behind the server', () => {
    const { child } = start('/bin/cat', { niceness: 5 });
    expect(getPriority(child.pid)).toBe(5);
  });

  it('that does not end is killed after 2 s, and what it does not read is counted', async () => {
    const { child } = start('/bin/cat');
    process.kill(child.pid ?? 0, 'SIGSTOP');
    child.write([new Uint8Array(3 * 1024 * 1024)]);
    expect(child.queued).toBeGreaterThan(2 * 1024 * 1024);
    child.end();
    clock.advance(2000);
    expect((await child.closed).words).toBe('ffmpeg was ended by SIGKILL');
    expect(clock.pending).toBe(0);
  });

  it('at work does not outlive a server that is killed', async () => {
    const made = new CollectingChunkSink();
    packageRecording(makeBeeps({ seconds: 2 }), made);
    const [track] = made.epochs[0]?.tracks ?? [];
    const code = `
      import { ffmpegAt } from ${JSON.stringify(import.meta.resolve('./ffmpeg-child.ts'))};
      const child = ffmpegAt('ffmpeg', { after: () => ({}) })({
        arguments: ${JSON.stringify(track ? AAC_RECIPE.arguments(track) : [])},
        niceness: 5,
        onOutput: () => console.log(child.pid),
      });
      child.write([Buffer.from('${Buffer.concat(made.bytes).toString('base64')}', 'base64')]);
    `;
    const server = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      server.kill('SIGKILL');
    });
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    const pid = Number.parseInt(line.toString(), 10);
    expect(isAlive(pid)).toBe(true);
    server.kill('SIGKILL');
    await once(server, 'exit');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 60_000 });
  });
});

describe('the command line of a child', () => {
  const track = {
    ...{ kind: 'video', codec: 'vp9', codecString: '; rm -rf /', width: 640, height: 360 },
    ...{ timescale: 90_000, configuration: new Uint8Array() },
  } as const;

  it.each([AAC_RECIPE, H264_RECIPES.always])('lets $name have nothing but pipes', ({ arguments: make }) => {
    const all = make(track as never);
    expect(all.join(' ')).toContain('-protocol_whitelist pipe');
    expect(all.join(' ')).toContain('-f mp4 -i pipe:0 ');
    expect(all.at(-1)).toBe('pipe:1');
    expect(all.filter((word) => word.includes('rm'))).toEqual(
      all.filter((word) => word.startsWith('format')),
    );
  });
});

describe('asking ffmpeg', () => {
  it('tells its version and encoders', async () => {
    const info = await probeFfmpeg('ffmpeg');
    expect(info?.version).toMatch(/^\d/);
    expect([...(info?.encoders ?? [])]).toEqual(expect.arrayContaining(['aac', 'libx264']));
  });

  it('tells when there is none', async () => {
    expect(await probeFfmpeg('/nowhere/ffmpeg')).toBeUndefined();
  });
});
