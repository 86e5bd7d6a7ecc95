import { join } from 'node:path';

/** Where Vite puts the built browser side. */
export const PAGES_FOLDER = join(import.meta.dirname, '..', '..', '..', 'dist', 'web');
