import type { Page } from 'playwright-core';
import type { StampedFrame } from './test-camera.ts';

/**
 * Decodes the test camera's stamps from every picture that the page's player presents, until `count` were read. The
 * camera and the page must run on one machine: their wall clocks are compared.
 */
export async function watchFrames(page: Pick<Page, 'evaluate'>, count: number): Promise<StampedFrame[]> {
  return page.evaluate(async (wanted) => {
    const findVideo = () =>
      document.querySelector('headwater-player')?.shadowRoot?.querySelector('video') ??
      document.querySelector('video');
    const nextFrame = () => new Promise<void>((done) => requestAnimationFrame(() => done()));
    let video = findVideo();
    while (!video) {
      await nextFrame();
      video = findVideo();
    }
    const frames: { frame: number; delay: number }[] = [];
    while (frames.length < wanted) {
      const shown: HTMLVideoElement = findVideo() ?? video;
      const at = await new Promise<number>((done) => {
        shown.requestVideoFrameCallback((_, metadata) => done(metadata.expectedDisplayTime));
      });
      const stamp = window.readStamp(shown);
      if (!stamp) continue;
      // Not since the page's origin: the camera's clock is the wall's, which may be set meanwhile.
      const now = Math.floor(Date.now() + at - performance.now()) % 2 ** 28;
      frames.push({ frame: stamp.frame, delay: now - stamp.time });
    }
    return frames;
  }, count);
}
