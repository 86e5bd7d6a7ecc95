import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserPlayer, PlayerPage } from './browser-player.ts';

interface VideoJsPage extends PlayerPage {
  readonly videojs: (
    video: HTMLVideoElement,
    options: object,
  ) => {
    src(source: { src: string; type: string }): void;
    ready(call: () => void): void;
    on(event: string, call: () => void): void;
    error(): { code: number; message: string } | null;
    tech(options: object): { on(event: string, call: (event: { name?: string }) => void): void };
    play(): Promise<void> | undefined;
  };
}

/** Video.js with its own HLS, by segments: with parts it has holes and gives up, see docs/players.md. */
export const videoJs: BrowserPlayer = {
  name: 'Video.js',
  script: join(dirname(fileURLToPath(import.meta.resolve('video.js'))), 'video.min.js'),
  path: 'index.m3u8',
  start: async (url) => {
    const { videojs, words } = globalThis as unknown as VideoJsPage;
    const video = document.querySelector('video');
    if (!video) throw new Error('no video');
    const player = videojs(video, { liveui: true, html5: { vhs: { overrideNative: true, llhls: false } } });
    await new Promise<void>((done) => player.ready(done));
    player.on('error', () => words.fatal.push(player.error()?.message ?? 'error'));
    player.tech({ IWillNotUseThisInPlugins: true }).on('usage', ({ name = '' }) => {
      if (/gap|resync|underflow|stall|rebuffer/i.test(name)) words.warnings.push(name);
    });
    player.src({ src: url, type: 'application/vnd.apple.mpegurl' });
    await player.play();
  },
};
