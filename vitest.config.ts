import { defineConfig } from 'vitest/config'

// Three projects: `unit` is pure code (fast, shared workers), `service` holds real HTTP, sockets, SQLite and files,
// `e2e` starts real processes. Heavier suites (the real Codex CLI, a real API server) have configurations of their own.
// Real processes on a shared machine: in CI a test that fails is run once more, and a real fault fails twice.
const retry = process.env['CI'] === 'true' ? 1 : 0

export default defineConfig({
  test: {
    reporters: ['default', './test/support/closing-line.ts'],
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'test/{core,crds,protocol}/**/*.test.ts',
            'test/layers/*.test.ts',
            'test/layers/{json,merge,requirements,runtimes,stack,toml,write}/**/*.test.ts',
          ],
          pool: 'threads',
          isolate: false,
        },
      },
      {
        test: {
          name: 'service',
          retry,
          include: [
            'test/{secrets,store,controller,api,agent,cli,docs}/**/*.test.ts',
            'test/layers/sources/**/*.test.ts',
          ],
          pool: 'forks',
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'e2e',
          retry,
          include: ['test/e2e/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
