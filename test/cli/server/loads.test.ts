import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { expect, it, onTestFinished } from 'vitest'

import { runCommand } from '#test/support/installation.ts'
import { openTerminal } from '#test/support/terminal.ts'

/** Notes the address of every module that a process loads. */
const NOTER = `
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
registerHooks({
  load(url, context, next) {
    appendFileSync(process.env.LOADED, url + '\\n')
    return next(url, context)
  },
})
`

const OF_CLUSTERS =
  /client-node|store\/kubernetes|api\/peers|api\/oidc|api\/token-review|cli\/server\/(cluster|fleet)/

it('a server of its own loads nothing of clusters and OpenID providers', async () => {
  await using terminal = await openTerminal()
  const noter = await terminal.write('noter.mjs', NOTER)
  const environment = { NODE_OPTIONS: `--import=${noter}`, LOADED: terminal.path('loaded') }
  const flags = ['--data', terminal.path('data'), '--listen', '127.0.0.1:0']
  const server = await runCommand(['serve', ...flags], environment)
  onTestFinished(() => server.kill())
  const loaded = (await readFile(terminal.path('loaded'), 'utf8')).split('\n')
  expect(loaded).toContain(new URL('../../../cli/server/embedded.ts', import.meta.url).href)
  expect(loaded.filter((url) => OF_CLUSTERS.test(url)).map((url) => fileURLToPath(url))).toEqual([])
})
