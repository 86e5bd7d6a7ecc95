import { statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFixture, readPieces } from '../contract/fixtures.ts';
import { TestPublisher } from '../contract/test-publisher.ts';
import { TestServer } from '../contract/test-server.ts';
import { eventually } from '../contract/test-socket.ts';
import { launchBrowser } from './support/browser.ts';
import { probePackets } from './support/ffprobe.ts';
import { sendRange } from './support/send-range.ts';

/** Serves the file that the path names, with Range, to a page that has nothing but a video element. */
function serveFile(path: () => string): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== '/media.mp4') {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><video muted></video>');
      return;
    }
    sendRange(path(), request, response);
  });
  return new Promise((settle) => server.listen(0, '127.0.0.1', () => settle(server)));
}

/** Loads the file and seeks to each part of its length; answers the length and where playback then stood. */
const seekThrough = (page: Page, parts: readonly number[]) =>
  page.evaluate(async (places) => {
    const video = document.querySelector('video') as HTMLVideoElement;
    const event = (name: string) =>
      new Promise((settle, reject) => {
        video.addEventListener(name, settle, { once: true });
        video.addEventListener('error', () => reject(new Error(video.error?.message)), { once: true });
      });
    video.src = '/media.mp4';
    await event('loadeddata');
    const reached: number[] = [];
    for (const place of places) {
      video.currentTime = place * video.duration;
      await event('seeked');
      reached.push(video.currentTime / video.duration);
    }
    const ended = event('ended');
    video.currentTime = video.duration - 0.5;
    await video.play();
    await ended;
    return { duration: video.duration, seekableTo: video.seekable.end(0), reached };
  }, parts);

describe('a recording in Chromium', () => {
  let browser: Browser;
  let http: Server;
  let path = '';
  beforeAll(async () => {
    browser = await launchBrowser();
    http = await serveFile(() => path);
  });
  afterAll(async () => {
    await browser.close();
    http.closeAllConnections();
    http.close();
  });

  async function openPage(): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
    return page;
  }

  it.each(['webm-h264-opus.webm', 'webm-vp8-opus.webm', 'webm-vp9-opus.webm', 'webm-av1-opus.webm'])(
    'of %s knows its length, seeks anywhere and ends',
    async (fixture) => {
      await using server = await TestServer.start();
      const publisher = await TestPublisher.start(server);
      publisher.send(...readPieces(fixture));
      path = server.recordingPath(String(await publisher.end(readFixture(fixture).length)));
      const page = await openPage();
      const { duration, seekableTo, reached } = await seekThrough(page, [0, 0.5, 0.95, 0.1]);
      expect(duration).toBeCloseTo(8, 0);
      expect(seekableTo).toBe(duration);
      for (const [index, place] of [0, 0.5, 0.95, 0.1].entries())
        expect(reached[index]).toBeCloseTo(place, 2);
      await page.close();
    },
  );

  it('of a broadcast that changed its codec starts at 0 in each part', async () => {
    await using server = await TestServer.start();
    const first = await TestPublisher.start(server);
    first.send(...readPieces('webm-h264-opus.webm'));
    await first.settled();
    const second = await TestPublisher.start(server, { takeover: true });
    second.send(...readPieces('webm-vp9-opus.webm'));
    path = server.recordingPath(String(await second.end(readFixture('webm-vp9-opus.webm').length)));
    const page = await openPage();
    const { duration } = await seekThrough(page, [0.5]);
    expect(duration).toBeCloseTo(8, 0);
    await page.close();
  });

  it('plays while it is still being made', async () => {
    await using server = await TestServer.start();
    const publisher = await TestPublisher.start(server);
    publisher.send(...readPieces('webm-h264-opus.webm').slice(0, 40));
    await publisher.settled();
    path = server.recordingPath('r1');
    await eventually(() => statSync(path).size > 250_000);
    expect((await probePackets(path, 'video')).length).toBeGreaterThan(100);
    const page = await openPage();
    const played = await page.evaluate(async () => {
      const video = document.querySelector('video') as HTMLVideoElement;
      const shown = new Promise((settle) => video.requestVideoFrameCallback(settle));
      video.src = '/media.mp4';
      await video.play();
      await shown;
      return video.videoWidth;
    });
    expect(played).toBe(640);
    await page.close();
  });
});
