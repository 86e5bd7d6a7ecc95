import type { Browser } from 'playwright-core';
import { launchBrowser, openContext } from '../test/e2e/support/browser.ts';
import { startServer } from '../test/e2e/support/running-server.ts';
import { installTestCamera } from '../test/e2e/support/test-camera.ts';
import { watchFrames } from '../test/e2e/support/watch-frames.ts';
import { percentile } from './support/percentile.ts';
import type { Result } from './support/result.ts';

const SETTLE_FRAMES = 300;
const MEASURED_FRAMES = 900;

/** Capture to screen through studio, server and player, from pixels. */
async function measureOurs(browser: Browser): Promise<number[]> {
  const server = await startServer();
  const broadcaster = await openContext(browser, { signInUrl: server.signInUrl });
  await installTestCamera(broadcaster);
  const studio = await broadcaster.newPage();
  await studio.goto(`${server.url}/studio/main`);
  await studio.getByRole('button', { name: 'Go live' }).click();
  const audience = await openContext(browser);
  await installTestCamera(audience);
  const watch = await audience.newPage();
  await watch.goto(`${server.url}/watch/main`);
  await watchFrames(watch, SETTLE_FRAMES);
  const frames = await watchFrames(watch, MEASURED_FRAMES);
  await broadcaster.close();
  await audience.close();
  await server.stop();
  return frames.map((frame) => frame.delay);
}

/** The floor: the same camera through a direct peer connection between two elements of one page. */
async function measurePeerConnection(browser: Browser): Promise<number[]> {
  const server = await startServer();
  const context = await openContext(browser);
  await installTestCamera(context);
  const page = await context.newPage();
  await page.goto(`${server.url}/watch/main`);
  const delays = await page.evaluate(
    async ([settle, measured]) => {
      const [sender, receiver] = [new RTCPeerConnection(), new RTCPeerConnection()];
      sender.onicecandidate = ({ candidate }) => candidate && receiver.addIceCandidate(candidate);
      receiver.onicecandidate = ({ candidate }) => candidate && sender.addIceCandidate(candidate);
      const stream = window.openTestCamera({ video: true });
      for (const track of stream.getTracks()) sender.addTrack(track, stream);
      const remote = new Promise<MediaStream>((done) => {
        receiver.ontrack = (event) => done(event.streams[0] ?? new MediaStream([event.track]));
      });
      await sender.setLocalDescription();
      await receiver.setRemoteDescription(sender.localDescription as RTCSessionDescription);
      await receiver.setLocalDescription();
      await sender.setRemoteDescription(receiver.localDescription as RTCSessionDescription);
      const video = document.createElement('video');
      video.muted = true;
      video.srcObject = await remote;
      document.body.append(video);
      await video.play();
      const found: number[] = [];
      while (found.length < (settle ?? 0) + (measured ?? 0)) {
        const at = await new Promise<number>((done) => {
          video.requestVideoFrameCallback((_, metadata) => done(metadata.expectedDisplayTime));
        });
        const stamp = window.readStamp(video);
        if (stamp) found.push((Math.floor(performance.timeOrigin + at) % 2 ** 28) - stamp.time);
      }
      return found.slice(settle);
    },
    [SETTLE_FRAMES, MEASURED_FRAMES],
  );
  await context.close();
  await server.stop();
  return delays;
}

/** Capture to screen with MediaRecorder over WebSocket, beside a direct peer connection in the same browser. */
export async function benchDelay(): Promise<Result[]> {
  const browser = await launchBrowser();
  try {
    const ours = await measureOurs(browser);
    const beside = await measurePeerConnection(browser);
    return [50, 95].map((p) => ({
      work: 'delay, capture to screen',
      figure: `MediaRecorder over WebSocket, p${p}`,
      ours: percentile(ours, p),
      besideName: 'direct peer connection',
      beside: percentile(beside, p),
      unit: 'ms',
      budget: p === 50 ? '≤ 400 ms' : '–',
    }));
  } finally {
    await browser.close();
  }
}
