import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input } from 'mediabunny';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finaliseInWorker } from '../../src/egress/recording/finalise/finalise-in-worker.ts';
import { writeLoopedRecording } from '../contract/looped-recording.ts';
import { TestPublisher } from '../contract/test-publisher.ts';
import { TestServer } from '../contract/test-server.ts';
import { launchBrowser } from './support/browser.ts';
import { probeDuration, probeFrames } from './support/ffprobe.ts';
import { sendRange } from './support/send-range.ts';

const FIXTURE = 'webm-h264-opus.webm';

describe('a finalised recording', () => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-finalised-'));
  const path = join(folder, 'media.mp4');
  const asked: number[] = [];
  let browser: Browser;
  let http: Server;
  beforeAll(async () => {
    browser = await launchBrowser();
    http = createServer((request, response) => {
      if (request.url === '/media.mp4') asked.push(sendRange(path, request, response));
      else response.setHeader('content-type', 'text/html').end('<!doctype html><video muted></video>');
    });
    await new Promise<void>((settle) => http.listen(0, '127.0.0.1', settle));
  });
  afterAll(async () => {
    await browser.close();
    http.closeAllConnections();
    http.close();
    rmSync(folder, { recursive: true });
  });

  /** Seeks to each part of the file's length; answers its length and the time stamps of the pictures that were shown. */
  async function seekInChromium(parts: readonly number[]) {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
    const result = await page.evaluate(async (places) => {
      const video = document.querySelector('video') as HTMLVideoElement;
      const event = (name: string) =>
        new Promise((settle, reject) => {
          video.addEventListener(name, settle, { once: true });
          video.addEventListener('error', () => reject(new Error(video.error?.message)), { once: true });
        });
      /** The picture near that time; one that was on its way before is passed over. */
      const pictureAt = (time: number) =>
        new Promise<number>((settle) => {
          const look = () =>
            video.requestVideoFrameCallback((_, { mediaTime }) => {
              if (Math.abs(mediaTime - time) < 0.5) settle(mediaTime);
              else look();
            });
          look();
        });
      const first = pictureAt(0);
      const loaded = event('loadeddata');
      video.src = '/media.mp4';
      await Promise.all([loaded, first]);
      const shown: number[] = [];
      const widths: number[] = [];
      for (const place of places) {
        const picture = pictureAt(place * video.duration);
        const sought = event('seeked');
        video.currentTime = place * video.duration;
        await sought;
        shown.push(await picture);
        widths.push(video.videoWidth);
      }
      const ended = event('ended');
      video.currentTime = video.duration - 0.5;
      await video.play();
      await ended;
      return { duration: video.duration, seekable: video.seekable.end(0), shown, widths };
    }, parts);
    await page.close();
    return result;
  }

  it.each([
    ['10 s', 10],
    ['10 min', 600],
    ['6 h', 21_600],
  ])('of %s is judged right by ffprobe, mediabunny and Chromium', async (_length, seconds) => {
    const made = writeLoopedRecording(path, FIXTURE, seconds);
    const fragmentedSize = statSync(path).size;
    // Node alone takes about 60 of them.
    expect(await measureFinalise(path)).toBeLessThan(200);
    expect(statSync(path).size).toBeLessThan(fragmentedSize);
    expect(await probeDuration(path)).toBeCloseTo(made.duration, 3);

    using input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
    const video = await input.getPrimaryVideoTrack();
    if (!video) throw new Error('mediabunny finds no video');
    expect(await input.computeDuration()).toBeCloseTo(made.duration, 3);
    expect(await probeFrames(path)).toBe(made.frames);
    const sink = new EncodedPacketSink(video);
    for (const part of [0, 0.5, 0.99]) {
      const packet = await sink.getKeyPacket(part * made.duration);
      expect(Math.abs((packet?.timestamp ?? -9) - part * made.duration)).toBeLessThan(4);
    }

    asked.length = 0;
    const parts = [0.5, 0.95, 0, 0.1];
    const { duration, seekable, shown } = await seekInChromium(parts);
    expect(duration).toBeCloseTo(made.duration, 2);
    expect(seekable).toBe(duration);
    for (const [index, part] of parts.entries()) expect(shown[index]).toBeCloseTo(part * duration, 0);
    // Its index is at the start: no request for the end is needed to begin.
    expect(asked[0]).toBe(0);
  });

  it('is shown whatever its size was when that changed in the middle', async () => {
    await using server = await TestServer.start();
    for (const [index, size] of ['320x180', '640x360'].entries()) {
      const clip = encodeClip(folder, size);
      const publisher = await TestPublisher.start(server, { takeover: index > 0 });
      publisher.send(clip);
      await publisher.settled();
      if (index > 0) await publisher.end(clip.length);
    }
    copyFileSync(server.recordingPath('r1'), path);
    expect((await finaliseInWorker({ path, minFree: 0 }).answer)?.result).toBe('done');
    expect((await seekInChromium([0.75, 0.25, 0.9])).widths).toEqual([640, 320, 640]);
  });
});

/** Two seconds of H.264 whose keyframes bring their own parameter sets. */
function encodeClip(folder: string, size: string): Buffer {
  const file = join(folder, `${size}.mkv`);
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc=size=${size}:rate=25:duration=2`],
    ...'-c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -bsf:v dump_extra=freq=keyframe'.split(' '),
    file,
  ]);
  return readFileSync(file);
}

/** Finalises a file in a process of its own; answers the most memory that it had, in MiB. */
async function measureFinalise(file: string): Promise<number> {
  const script = join(import.meta.dirname, 'support', 'measured-finalise.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, file]);
  return Number(stdout);
}
