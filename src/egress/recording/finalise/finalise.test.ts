import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PLAYABLE_FIXTURES } from '../../../../test/contract/fixtures.ts';
import { writeLoopedRecording } from '../../../../test/contract/looped-recording.ts';
import { TestPublisher } from '../../../../test/contract/test-publisher.ts';
import { TestServer } from '../../../../test/contract/test-server.ts';
import { countDecodedFrames, probePackets } from '../../../../test/e2e/support/ffprobe.ts';
import { childBoxes } from '../../../media/mp4/box.ts';
import { ByteReader } from '../../../media/mp4/byte-reader.ts';
import { writeChunk } from '../../../media/mp4/cmaf-chunk.ts';
import { openDemuxer } from '../../../media/open-demuxer.ts';
import type { Sample } from '../../../media/sample.ts';
import { ticks } from '../../../media/time.ts';
import type { Track } from '../../../media/track.ts';
import { type Files, nodeFiles } from './files.ts';
import { finalise } from './finalise.ts';
import { finaliseInWorker } from './finalise-in-worker.ts';

const folder = mkdtempSync(join(tmpdir(), 'headwater-finalise-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'media.mp4');

const run = (files: Files = nodeFiles) => finalise({ path, minFree: 0, files, rest: () => {} });

const typesOf = (file: string) =>
  [...childBoxes(new ByteReader(new Uint8Array(readFileSync(file)), 'file'))].map(({ name }) => name);

/** Every sample of a file, as our own demuxer reads it: track, times, keyframe and a copy of its bytes. */
function samplesOf(file: string): { tracks: readonly Track[]; samples: string[] } {
  let tracks: readonly Track[] = [];
  const samples: string[][] = [];
  const demuxer = openDemuxer({
    tracks: (found) => {
      tracks = found;
    },
    sample: (track: number, { dts, pts, keyframe, data }: Sample) => {
      samples[track] ??= [];
      samples[track].push(`${track} ${dts} ${pts} ${keyframe} ${Buffer.from(data).toString('base64')}`);
    },
  });
  demuxer.push(new Uint8Array(readFileSync(file)));
  demuxer.end();
  return { tracks, samples: samples.flat() };
}

describe('a finalised recording', () => {
  it.each(PLAYABLE_FIXTURES)(
    'of %s has its index first and the same samples at the same times',
    async (fixture) => {
      const { frames } = writeLoopedRecording(path, fixture, 10);
      const before = samplesOf(path);
      const { size } = run();
      expect(typesOf(path)).toEqual(['ftyp', 'moov', 'mdat']);
      expect(readFileSync(path)).toHaveLength(size);
      const after = samplesOf(path);
      expect(after.samples).toEqual(before.samples);
      expect(after.tracks).toEqual(before.tracks);
      expect(await probePackets(path, 'video')).toHaveLength(frames);
      expect(await countDecodedFrames(path)).toBe(frames);
    },
  );

  it('is as long as its media, to the tick', async () => {
    const { duration } = writeLoopedRecording(path, 'webm-h264-opus.webm', 10);
    expect(run().duration).toBeCloseTo(duration * 1000, 6);
    const { stdout } = spawnSync('ffprobe', [
      ...'-v error -show_entries format=duration -of csv=p=0'.split(' '),
      path,
    ]);
    expect(Number(stdout)).toBeCloseTo(duration, 6);
  });

  it('has the last packet, however short it is', () => {
    const { duration } = writeLoopedRecording(path, 'webm-h264-opus.webm', 2);
    const decodeTime = ticks(Math.ceil(duration * 48_000));
    const silence = {
      duration: ticks(960),
      compositionOffset: ticks(0),
      data: Uint8Array.of(0xdc, 0xff, 0xfe),
    };
    const header = { trackId: 2, sequence: 1, decodeTime, keyframe: true, referenceTime: undefined };
    appendFileSync(path, writeChunk(header, [silence]));
    const before = samplesOf(path);
    run();
    expect(samplesOf(path).samples).toEqual(before.samples);
  });

  it('stays as it is when it is finalised again', () => {
    writeLoopedRecording(path, 'webm-vp9-opus.webm', 10);
    const first = run();
    const bytes = readFileSync(path);
    const second = run();
    expect(second.size).toBe(first.size);
    expect(second.duration).toBeCloseTo(first.duration, 6);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('still decodes where the parameter sets changed in the middle', async () => {
    const encode = (size: string, to: string) =>
      spawnSync('ffmpeg', [
        ...['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc=size=${size}:rate=25:duration=2`],
        ...'-c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -bsf:v dump_extra=freq=keyframe'.split(' '),
        ...['-f', 'matroska', to],
      ]);
    await using server = await TestServer.start();
    for (const [index, size] of ['320x180', '640x360'].entries()) {
      const file = join(folder, `${size}.mkv`);
      encode(size, file);
      const publisher = await TestPublisher.start(server, { takeover: index > 0 });
      publisher.send(readFileSync(file));
      await publisher.settled();
      if (index > 0) await publisher.end(readFileSync(file).length);
    }
    expect(server.recordings).toHaveLength(1);
    copyFileSync(server.recordingPath('r1'), path);
    expect(readFileSync(path).includes('avc3')).toBe(true);
    const recorded = await countDecodedFrames(path);
    expect(recorded).toBeGreaterThan(90);
    run();
    expect(readFileSync(path).includes('avc3')).toBe(true);
    expect(await countDecodedFrames(path)).toBe(recorded);
    const frames = spawnSync('ffprobe', [
      ...['-v', 'error', '-select_streams', 'v', '-show_entries', 'frame=width', '-of', 'csv=p=0', path],
    ]);
    const widths = frames.stdout
      .toString()
      .trim()
      .split(/[\s,]+/);
    expect(new Set(widths.filter(Boolean))).toEqual(new Set(['320', '640']));
  });

  it('is made on a thread of its own', async () => {
    writeLoopedRecording(path, 'webm-h264-opus.webm', 10);
    const answer = await finaliseInWorker({ path, minFree: 0 }).answer;
    expect(answer).toMatchObject({ result: 'done', size: readFileSync(path).length });
    expect(typesOf(path)).toEqual(['ftyp', 'moov', 'mdat']);
    expect(await finaliseInWorker({ path: join(folder, 'missing'), minFree: 0 }).answer).toMatchObject({
      result: 'failed',
    });
  });

  it('can be given up, and leaves the recording as it was', async () => {
    writeLoopedRecording(path, 'webm-h264-opus.webm', 10);
    const before = readFileSync(path);
    const running = finaliseInWorker({ path, minFree: 0 });
    await running.stop();
    expect(await running.answer).toBeUndefined();
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

describe('a recording that is broken', () => {
  const whole = join(folder, 'whole.mp4');
  beforeAll(() => void writeLoopedRecording(whole, 'webm-h264-opus.webm', 8));
  beforeEach(() => copyFileSync(whole, path));

  it('keeps every whole chunk when its end was cut off at any byte', () => {
    const { length } = readFileSync(whole);
    const all = samplesOf(whole).samples.length;
    for (const cut of [1, 7, 9, 60, 300, 900, 5000, 20_000]) {
      copyFileSync(whole, path);
      truncateSync(path, length - cut);
      run();
      const { samples } = samplesOf(path);
      expect(samples.length).toBeLessThan(all);
      expect(samples.length).toBeGreaterThan(all - 40);
    }
  });

  it.each([
    [
      'something else',
      'container-malformed',
      () => writeFileSync(path, Buffer.alloc(5000, 'no MP4 at all ')),
    ],
    ['nothing', 'container-truncated', () => writeFileSync(path, '')],
    ['a header alone', 'container-truncated', () => truncateSync(path, 2000)],
    [
      'zeros behind its middle',
      'container-malformed',
      () => {
        const bytes = readFileSync(path);
        writeFileSync(path, bytes.fill(0, 200_000));
      },
    ],
  ])('of %s is refused and stays as it is', (_what, code, damage) => {
    damage();
    const before = readFileSync(path);
    expect(() => run()).toThrow(expect.objectContaining({ code }));
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(existsSync(`${path}.part`)).toBe(false);
  });
});

/** File calls of which the one with that number fails, and with `dead` every later one: the process is gone. */
class FailingFiles {
  calls = 0;
  readonly #failAt: number;
  readonly #dead: boolean;
  readonly #code: string;

  constructor(failAt: number, { dead = false, code = 'EIO' } = {}) {
    this.#failAt = failAt;
    this.#dead = dead;
    this.#code = code;
  }

  get files(): Files {
    return new Proxy(nodeFiles, {
      get: (files, name: keyof Files) => {
        const call = files[name] as (...values: unknown[]) => unknown;
        return (...values: unknown[]) => {
          this.calls += 1;
          if (this.calls === this.#failAt || (this.#dead && this.calls > this.#failAt)) {
            throw Object.assign(new Error(`${name} failed`), { code: this.#code });
          }
          return call(...values);
        };
      },
    });
  }
}

describe('finalising', () => {
  const whole = join(folder, 'fragmented.mp4');
  let fragmented: Buffer;
  let progressive: Buffer;
  let calls: number;
  beforeAll(() => {
    writeLoopedRecording(whole, 'webm-h264-opus.webm', 60);
    fragmented = readFileSync(whole);
    copyFileSync(whole, path);
    const counting = new FailingFiles(0);
    run(counting.files);
    calls = counting.calls;
    progressive = readFileSync(path);
    rmSync(path);
  });
  beforeEach(() => copyFileSync(whole, path));

  it('loses nothing when the process dies before any of its steps, and is done by the next', () => {
    expect(calls).toBeGreaterThan(15);
    for (let step = 1; step <= calls; step += 1) {
      copyFileSync(whole, path);
      try {
        run(new FailingFiles(step, { dead: true }).files);
      } catch {
        // What is on the disk counts.
      }
      const left = readFileSync(path);
      expect(left.equals(fragmented) || left.equals(progressive), `step ${step}`).toBe(true);
      run();
      expect(readFileSync(path).equals(progressive), `after step ${step}`).toBe(true);
    }
  });

  it('leaves one whole file, and nothing beside it, when a step fails', () => {
    for (let step = 1; step <= calls; step += 1) {
      copyFileSync(whole, path);
      let failed = false;
      try {
        run(new FailingFiles(step).files);
      } catch {
        failed = true;
      }
      const left = readFileSync(path);
      expect(left.equals(fragmented) || left.equals(progressive), `step ${step}`).toBe(true);
      if (!failed) expect(left.equals(progressive), `step ${step}`).toBe(true);
      expect(existsSync(`${path}.part`), `step ${step}`).toBe(false);
    }
  });

  it('says that there is no room when the disk becomes full', () => {
    const full: Files = {
      ...nodeFiles,
      writeSync: () => {
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      },
    };
    expect(() => run(full)).toThrow(expect.objectContaining({ code: 'no-room' }));
    expect(readFileSync(path).equals(fragmented)).toBe(true);
    expect(existsSync(`${path}.part`)).toBe(false);
  });

  it('does not begin where a second file would leave too little room', () => {
    const { bavail, bsize } = nodeFiles.statfsSync(folder);
    const minFree = bavail * bsize;
    expect(() => finalise({ path, minFree, files: nodeFiles, rest: () => {} })).toThrow(
      expect.objectContaining({ code: 'no-room' }),
    );
    expect(readFileSync(path).equals(fragmented)).toBe(true);
  });

  it('survives SIGKILL at each of its steps', () => {
    const script = join(import.meta.dirname, '../../../../test/contract/killed-finalise.ts');
    let killed = 0;
    for (let step = 2; step <= calls; step += Math.ceil(calls / 12)) {
      copyFileSync(whole, path);
      const { signal } = spawnSync(process.execPath, [script, path, String(step)]);
      if (signal === 'SIGKILL') killed += 1;
      const left = readFileSync(path);
      expect(left.equals(fragmented) || left.equals(progressive), `step ${step}`).toBe(true);
    }
    expect(killed).toBeGreaterThan(4);
    run();
    expect(readFileSync(path).equals(progressive)).toBe(true);
  });

  it('rests as it goes', () => {
    let rests = 0;
    const rest = () => {
      rests += 1;
    };
    finalise({ path, minFree: 0, files: nodeFiles, rest });
    expect(rests).toBeGreaterThanOrEqual(Math.floor(fragmented.length / 2 ** 22));
  });
});
