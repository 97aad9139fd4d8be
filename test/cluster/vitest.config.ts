import { defineConfig } from 'vitest/config'

// A real API server is 320 MB: the files take turns with one that is shared.
export default defineConfig({
  test: {
    reporters: ['default', './test/support/closing-line.ts'],
    include: ['test/cluster/**/*.test.ts'],
    globalSetup: ['./test/cluster/global-setup.ts'],
    pool: 'forks',
    fileParallelism: false,
    // As the other suites of real processes: a real fault fails twice.
    retry: process.env['CI'] === 'true' ? 1 : 0,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
