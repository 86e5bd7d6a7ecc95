import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fixturePath, readFixture } from '../../../../test/contract/fixtures.ts';
import { DEFAULT_DEMUXER_LIMITS } from '../../../media/demuxer.ts';
import { type RemadeRecording, type RemakeTask, remake } from './remake.ts';
import { type RemakeOptions, remakeInWorker } from './remake-in-worker.ts';

const H264 = 'webm-h264-opus.webm';
const log = { info: () => {}, warn: () => {}, error: () => {} };

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-remake-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const task = (...paths: readonly string[]): RemakeTask => ({
  broadcast: 'b',
  channel: 'main',
  folder,
  ids: ['first', 'second'],
  streams: paths.map((path) => ({ path, openedAt: 0, captureDistance: null })),
  limits: DEFAULT_DEMUXER_LIMITS,
});

/** Frames of video that ffprobe finds. */
const framesOf = (path: string): number =>
  execFileSync('ffprobe', [
    ...['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'packet=pts_time'],
    ...['-of', 'csv=p=0', path],
  ])
    .toString()
    .trim()
    .split('\n').length;

describe('a recording that is made anew', () => {
  test('has all that its sessions sent, one behind the other, under the id that it had', async () => {
    const once = framesOf(fixturePath(H264));
    const made = await remake(task(fixturePath(H264), fixturePath(H264)), log);
    expect(made).toMatchObject([{ id: 'first', gaps: [] }]);
    expect(made[0]?.duration).toBeGreaterThan(15_000);
    expect(framesOf(join(folder, 'first', 'media.mp4'))).toBe(2 * once);
  });

  test('is another one where a session cannot be in the same file', async () => {
    const made = await remake(task(fixturePath(H264), fixturePath('webm-av1-opus.webm')), log);
    expect(made.map(({ id }) => id)).toEqual(['first', 'second']);
  });

  test('may change as often as it did when it came', async () => {
    const once = readFixture(H264);
    const other = readFixture('webm-vp9-opus.webm');
    const path = join(folder, 'changes.webm');
    writeFileSync(path, Buffer.concat(Array.from({ length: 32 }, (_, at) => (at % 2 === 0 ? once : other))));
    const warnings: unknown[] = [];
    const loud = { ...log, warn: (fields: object) => warnings.push(fields) };
    expect(await remake(task(path), loud)).toHaveLength(32);
    expect(warnings).toEqual([]);
  });

  test('is held to the limits that its streams were held to', async () => {
    const limits = { ...DEFAULT_DEMUXER_LIMITS, maxPixels: 100 };
    expect(await remake({ ...task(fixturePath(H264)), limits }, log)).toEqual([]);
  });

  const START = Date.UTC(2026, 0, 1);
  const LENGTH = 8000;
  test.each([
    ['follows at once', 0, []],
    ['was missed for 12 s', 12_000, [{ duration: expect.closeTo(12_000, -3) }]],
  ])('knows by its clocks that a session %s, whenever it is made', async (_, missing, gaps) => {
    const streams = [
      { path: fixturePath(H264), openedAt: START - 500, captureDistance: START },
      { path: fixturePath(H264), openedAt: START + LENGTH + missing, captureDistance: null },
    ];
    expect(await remake({ ...task(), streams }, log)).toMatchObject([{ gaps }]);
  });

  test('has a broken stream up to where it is broken', async () => {
    const broken = join(folder, 'broken.webm');
    writeFileSync(
      broken,
      Buffer.concat([readFixture(H264).subarray(0, 200_000), Buffer.alloc(50_000, 0xff)]),
    );
    const made = await remake(task(broken), log);
    expect(made).toHaveLength(1);
    expect(made[0]?.duration).toBeGreaterThan(3000);
  });
});

describe('on a thread of its own', () => {
  const put = async (_made: RemadeRecording, move: () => Promise<void>) => move();
  const options = (shortest: number): RemakeOptions => {
    return { log, shortest, signal: new AbortController().signal, put };
  };

  test('it takes the place of the old one when it is whole', async () => {
    await remakeInWorker(task(fixturePath(H264)), options(5000));
    expect(framesOf(join(folder, 'first', 'media.mp4'))).toBe(framesOf(fixturePath(H264)));
  });

  test('it leaves the old one where it would be shorter, or cannot be made', async () => {
    const old = join(folder, 'first');
    execFileSync('mkdir', [old]);
    writeFileSync(join(old, 'media.mp4'), 'old');
    await expect(remakeInWorker(task(fixturePath(H264)), options(60_000))).rejects.toThrow('less than');
    await expect(remakeInWorker(task('/nowhere'), options(5000))).rejects.toThrow('less than');
    expect(readFileSync(join(old, 'media.mp4'), 'utf8')).toBe('old');
  });

  test('it is given up when the process stops, and the old one stays', async () => {
    const stop = new AbortController();
    const making = remakeInWorker(task(fixturePath(H264)), { ...options(5000), signal: stop.signal });
    stop.abort();
    await expect(making).rejects.toThrow();
    expect(readdirSync(folder)).toEqual([]);
  });
});
