import { build } from 'vite';

/** The player as one ES module, as pages load it; not minified. */
export async function bundlePlayer(minify = false): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify,
      rolldownOptions: { treeshake: { manualPureFunctions: ['Type'] } },
      lib: { entry: 'src/player/headwater-player.ts', formats: ['es'], fileName: 'headwater-player' },
    },
  });
  const [result] = Array.isArray(built) ? built : [built];
  const chunk = result && 'output' in result ? result.output.find(({ type }) => type === 'chunk') : undefined;
  if (chunk?.type !== 'chunk') throw new Error('Vite made no module of the player.');
  return chunk.code;
}
