import { type BrowserPlayer, type PlayerPage, packageFile } from './browser-player.ts';

interface DashPage extends PlayerPage {
  readonly dashjs: {
    MediaPlayer(): {
      create(): {
        initialize(video: HTMLVideoElement, url: string, autoplay: boolean): void;
        updateSettings(settings: object): void;
        on(event: string, call: (event: { error?: { code: number; message: string } }) => void): void;
      };
    };
  };
}

/** dash.js, which goes by the latency that the manifest asks for. */
export const dashJs: BrowserPlayer = {
  name: 'dash.js',
  script: packageFile('dashjs', 'dist', 'modern', 'umd', 'dash.all.min.js'),
  path: 'manifest.mpd',
  start: async (url) => {
    const { dashjs, words } = globalThis as unknown as DashPage;
    const video = document.querySelector('video');
    if (!video) throw new Error('no video');
    const player = dashjs.MediaPlayer().create();
    player.on('error', ({ error }) => words.fatal.push(`${error?.code} ${error?.message}`));
    player.on('gapCausedInternalSeek', () => words.warnings.push('gap'));
    player.on('gapCausedSeekToPeriodEnd', () => words.warnings.push('gap at the end of a period'));
    player.updateSettings({ streaming: { liveCatchup: { enabled: true } } });
    player.initialize(video, url, true);
  },
};
