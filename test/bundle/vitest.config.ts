import { defineConfig } from 'vitest/config'

// What is shipped: the packed tarball, installed into an empty project. Run by `npm run test:bundle`, which packs it first.
export default defineConfig({
  test: {
    name: 'bundle',
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/bundle/**/*.test.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
