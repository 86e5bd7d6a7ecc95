import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.{ts,tsx}', 'test/contract/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 180_000,
          // As long as a page is waited for (support/browser.ts): a second is no time on a busy machine.
          expect: { poll: { timeout: 90_000 } },
          // Two files at a time: they mostly wait for a broadcast, and more would starve the browsers that encode it.
          maxWorkers: 2,
        },
      },
    ],
  },
});
