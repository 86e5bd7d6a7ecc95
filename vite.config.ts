import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const PLAYER = '/player/headwater-player.js';
const SERVER = process.env.HEADWATER_URL ?? 'http://127.0.0.1:8080';

/** TypeBox's schemas are used by the server; the browser's bundles take only the constants beside them. */
const treeshake = { manualPureFunctions: ['Type'] };

/** While developing: the pages at the addresses that the server gives them, and the player from its source. */
const pages: Plugin = {
  name: 'headwater-pages',
  configureServer(server) {
    server.middlewares.use((request, _response, next) => {
      const [route = '/'] = (request.url ?? '/').split('?');
      if (route === PLAYER) request.url = `/@fs${path('src/player/headwater-player.ts')}`;
      else if (route.startsWith('/watch/')) request.url = '/watch.html';
      else if (route.startsWith('/embed/')) request.url = '/embed.html';
      next();
    });
  },
};

/** Beside the player: what it has for pages and editors, with the paths of what is there. */
const manifest: Plugin = {
  name: 'headwater-custom-elements',
  applyToEnvironment: ({ name }) => name === 'player',
  generateBundle() {
    const text = readFileSync(path('src/player/custom-elements.json'), 'utf8');
    const source = text.replace(/^ *"readme":.*\n/m, '').replaceAll('dist/web/player/', '');
    this.emitFile({ type: 'asset', fileName: 'custom-elements.json', source });
  },
};

/**
 * Two builds into `dist/web`: the pages, and the player under a name that stays, for other sites' pages; beside it what it
 * loads only when it is used.
 * `index.html` is the app, `watch.html` and `embed.html` the public pages.
 */
export default defineConfig({
  root: path('src/web'),
  plugins: [react(), pages, manifest],
  server: { proxy: { '/api': SERVER, '/live': { target: SERVER, ws: true } } },
  worker: { format: 'es' },
  environments: {
    client: {
      build: {
        outDir: path('dist/web'),
        emptyOutDir: true,
        assetsInlineLimit: 0,
        rolldownOptions: {
          input: ['index', 'watch', 'embed'].map((page) => path(`src/web/${page}.html`)),
          treeshake,
        },
      },
    },
    player: {
      consumer: 'client',
      build: {
        outDir: path('dist/web/player'),
        emptyOutDir: true,
        copyPublicDir: false,
        modulePreload: false,
        // hls.js is that large, and loaded by few.
        chunkSizeWarningLimit: 700,
        rolldownOptions: {
          input: path('src/player/headwater-player.ts'),
          // Names that stay: an old player on an open page finds the file beside it after an update, too.
          output: {
            entryFileNames: 'headwater-player.js',
            chunkFileNames: 'headwater-player-[name].js',
          },
          preserveEntrySignatures: 'exports-only',
          treeshake,
        },
      },
    },
  },
  builder: {
    async buildApp(builder) {
      for (const name of ['client', 'player']) {
        const environment = builder.environments[name];
        if (environment) await builder.build(environment);
      }
    },
  },
});
