import { type BrowserPlayer, type PlayerPage, packageFile } from './browser-player.ts';

interface HlsPage extends PlayerPage {
  readonly Hls: new (
    options: object,
  ) => {
    on(event: string, call: (event: string, data: { fatal: boolean; details: string }) => void): void;
    loadSource(url: string): void;
    attachMedia(video: HTMLVideoElement): void;
  };
}

/** hls.js with low latency. */
export const hlsJs: BrowserPlayer = {
  name: 'hls.js',
  script: packageFile('hls.js', 'dist', 'hls.min.js'),
  path: 'index.m3u8',
  start: async (url) => {
    const { Hls, words } = globalThis as unknown as HlsPage;
    const video = document.querySelector('video');
    if (!video) throw new Error('no video');
    const hls = new Hls({ lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.5 });
    hls.on('hlsError', (_event, { fatal, details }) => (fatal ? words.fatal : words.warnings).push(details));
    hls.loadSource(url);
    hls.attachMedia(video);
    await video.play();
  },
};
