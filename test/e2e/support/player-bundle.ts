import { build } from 'vite';

/** A file of the player. */
interface PlayerFile {
  /** `headwater-player.js`, or what that loads when it is needed. */
  readonly name: string;
  readonly code: string;
}

/** The player's ES modules, as pages load them; not minified. The first is the one that they name. */
export async function bundlePlayer(minify = false): Promise<PlayerFile[]> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify,
      modulePreload: false,
      rolldownOptions: {
        treeshake: { manualPureFunctions: ['Type'] },
        output: { chunkFileNames: 'headwater-player-[name].js' },
      },
      lib: { entry: 'src/player/headwater-player.ts', formats: ['es'], fileName: 'headwater-player' },
    },
  });
  const [result] = Array.isArray(built) ? built : [built];
  const output = result && 'output' in result ? result.output : [];
  const chunks = output.flatMap((file) => (file.type === 'chunk' ? [file] : []));
  return chunks
    .sort((one, other) => Number(other.isEntry) - Number(one.isEntry))
    .map(({ fileName, code }) => ({ name: fileName, code }));
}
