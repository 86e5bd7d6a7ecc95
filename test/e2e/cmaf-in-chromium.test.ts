import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDemuxer } from '../../src/media/open-demuxer.ts';
import { milliseconds } from '../../src/media/time.ts';
import { CollectingChunkSink } from '../../src/package/collecting-chunk-sink.ts';
import { Packager } from '../../src/package/packager.ts';
import { launchBrowser } from './support/browser.ts';

const FOLDER = new URL('../fixtures/chromium/', import.meta.url).pathname;
const RECORDINGS = [
  'mp4-avc1-opus.mp4',
  'mp4-vp9-opus.mp4',
  'mp4-av1-opus.mp4',
  'webm-h264-opus.webm',
  'webm-vp9-opus.webm',
  'webm-av1-opus.webm',
];

/** What MediaSource made of a stream. */
interface Played {
  readonly supported: boolean;
  readonly ranges: [number, number][];
  readonly ended: boolean;
  readonly error: string | null;
  readonly width: number;
  readonly frames: number;
}

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** The recording as it would come from a publisher in mid-broadcast. */
function packaged(...names: readonly string[]): CollectingChunkSink {
  const out = new CollectingChunkSink();
  let startAt = milliseconds(3000);
  for (const [firstEpoch, name] of names.entries()) {
    const captureClock = { known: false, wallClock: () => milliseconds(Date.UTC(2026, 0, 1)) };
    const packager = new Packager({ sink: out, startAt, firstEpoch, captureClock });
    const demuxer = openDemuxer(packager);
    demuxer.push(new Uint8Array(readFileSync(FOLDER + name)));
    demuxer.end();
    packager.flush();
    startAt = packager.position;
  }
  return out;
}

/** Appends piece by piece to a SourceBuffer and plays to the end, at six times the speed. */
async function play(mime: string, pieces: readonly Uint8Array[]): Promise<Played> {
  const page = await browser.newPage();
  try {
    const encoded = pieces.map((piece) => Buffer.from(piece).toString('base64'));
    return await page.evaluate(playInPage, { mime, encoded });
  } finally {
    await page.close();
  }
}

async function playInPage({ mime, encoded }: { mime: string; encoded: string[] }): Promise<Played> {
  const source = new MediaSource();
  const video = document.createElement('video');
  video.muted = true;
  video.defaultPlaybackRate = 6;
  video.src = URL.createObjectURL(source);
  const event = (target: EventTarget, ...names: string[]) =>
    new Promise<void>((resolve) => {
      for (const name of names) target.addEventListener(name, () => resolve(), { once: true });
    });
  await event(source, 'sourceopen');
  const buffer = source.addSourceBuffer(mime);
  for (const piece of encoded) {
    const bytes = Uint8Array.from(atob(piece), (letter) => letter.charCodeAt(0));
    buffer.appendBuffer(bytes);
    await event(buffer, 'updateend', 'error');
  }
  source.endOfStream();
  const { buffered } = buffer;
  const ranges = Array.from({ length: buffered.length }, (_, index): [number, number] => [
    buffered.start(index),
    buffered.end(index),
  ]);
  video.currentTime = ranges[0]?.[0] ?? 0;
  const end = event(video, 'ended', 'error');
  video.play().catch(() => {});
  await end;
  return {
    supported: MediaSource.isTypeSupported(mime),
    ranges,
    ended: video.ended,
    error: video.error?.message ?? null,
    width: video.videoWidth,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
  };
}

describe('MediaSource in Chromium', () => {
  it.each(RECORDINGS)('plays %s, packaged and appended chunk by chunk', async (name) => {
    const out = packaged(name);
    const played = await play(out.epochs[0]?.mime ?? '', out.bytes);
    expect(played).toMatchObject({ supported: true, ended: true, error: null, width: 640 });
    expect(played.ranges).toEqual([[expect.closeTo(3, 1), expect.closeTo(11, 0)]]);
    expect(played.frames).toBeGreaterThan(60);
  });

  it('plays on over a new publisher session', async () => {
    const out = packaged('webm-h264-opus.webm', 'mp4-avc1-opus.mp4');
    const played = await play(out.epochs[0]?.mime ?? '', out.bytes);
    expect(played).toMatchObject({ ended: true, error: null });
    expect(played.ranges).toEqual([[expect.closeTo(3, 1), expect.closeTo(19, 0)]]);
  });
});
