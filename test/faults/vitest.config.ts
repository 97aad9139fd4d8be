import { defineConfig } from 'vitest/config'

// Long or rough suites on real processes: kills, floods, leaks. Run by `npm run test:faults`.
export default defineConfig({
  test: {
    name: 'faults',
    // See vitest.config.ts at the root.
    retry: process.env['CI'] === 'true' ? 1 : 0,
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/faults/**/*.test.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 60_000,
  },
})
