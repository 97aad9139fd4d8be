import { defineConfig } from 'vitest/config'

// The real Codex CLI reads what a real agent wrote. Run by `npm run test:codex`, which installs the CLI first.
export default defineConfig({
  test: {
    name: 'codex',
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/codex/**/*.test.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
})
