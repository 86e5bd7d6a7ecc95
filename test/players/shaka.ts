import { type BrowserPlayer, type PlayerPage, packageFile } from './browser-player.ts';

interface ShakaPage extends PlayerPage {
  readonly shaka: {
    readonly Player: new () => {
      attach(video: HTMLVideoElement): Promise<void>;
      load(url: string): Promise<void>;
      configure(settings: object): void;
      addEventListener(
        type: 'error' | 'gapjumped' | 'stalldetected',
        call: (event: { type: string; detail?: { code: number; severity: number } }) => void,
      ): void;
    };
  };
}

/** Shaka Player with low latency, by HLS or by DASH. */
export const shaka = (path: BrowserPlayer['path']): BrowserPlayer => ({
  name: `Shaka, ${path === 'index.m3u8' ? 'HLS' : 'DASH'}`,
  script: packageFile('shaka-player', 'dist', 'shaka-player.compiled.js'),
  path,
  start: async (url) => {
    const { shaka: library, words } = globalThis as unknown as ShakaPage;
    const video = document.querySelector('video');
    if (!video) throw new Error('no video');
    const player = new library.Player();
    const critical = 2;
    player.addEventListener('error', ({ detail }) =>
      (detail?.severity === critical ? words.fatal : words.warnings).push(`error ${detail?.code}`),
    );
    for (const type of ['gapjumped', 'stalldetected'] as const)
      player.addEventListener(type, (event) => words.warnings.push(event.type));
    player.configure({
      streaming: { lowLatencyMode: true, liveSync: { enabled: true } },
      // It moves parts to their dates but not the segments that they are of, and then takes up the segment before: docs/players.md.
      manifest: { hls: { sequenceMode: true, ignoreManifestProgramDateTime: true } },
    });
    await player.attach(video);
    await player.load(url);
    await video.play();
  },
});
