import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.{ts,tsx}', 'test/contract/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          // As long as Playwright's own waiting: a second is no time on a busy machine.
          expect: { poll: { timeout: 30_000 } },
          // Two files at a time: they mostly wait for a broadcast, and more would starve the browsers that encode it.
          maxWorkers: 2,
        },
      },
    ],
  },
});
