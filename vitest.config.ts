import { defineConfig } from 'vitest/config'

// Three projects: `unit` is pure code (fast, shared workers), `service` holds real HTTP, sockets, SQLite and files,
// `e2e` starts real processes. Heavier suites (the real Codex CLI, a real API server) have configurations of their own.
export default defineConfig({
  test: {
    reporters: ['default', './test/support/closing-line.ts'],
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{core,crds,protocol}/**/*.test.ts'],
          pool: 'threads',
          isolate: false,
        },
      },
      {
        test: {
          name: 'service',
          include: ['test/{secrets,store,controller,api,agent,cli,docs}/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
