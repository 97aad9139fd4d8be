import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { openHome } from '#agent/home.ts'
import type { AgentLogger } from '#agent/ports.ts'
import { AgentState } from '#agent/state.ts'
import { aCommandEnv, aFileDeps, aFolder, aRunner, SILENT } from '#test/support/command-devices.ts'

interface Said {
  readonly fields: object
  readonly message: string
}

function aLogger(): AgentLogger & { readonly said: Said[] } {
  const said: Said[] = []
  const say = (fields: object, message: string) => void said.push({ fields, message })
  return { said, info: say, warn: say, error: say }
}

const MEMORY = { target: { targetPath: '~/x.json', homeVariable: null }, written: null, pending: null }

describe('the state folder', () => {
  it('holds digests and never content', async () => {
    using folder = aFolder()
    const state = join(folder.path, 'state')
    const deps = aFileDeps(openHome(folder.path, {}), state)
    await aRunner(deps).run({
      command_key: 'sync_runtime_auth_file',
      env: aCommandEnv({ WEGENT_RUNTIME_CONFIG_CONTENT: '{"canary-key":"canary-value"}' }),
    })

    const texts = readdirSync(state).map((name) => readFileSync(join(state, name), 'utf8'))
    expect(texts.join('')).toContain('~/.codex/auth.json')
    expect(texts.join('')).not.toContain('canary')
  })

  it('is 0700 with one file of 0600 in it', () => {
    using folder = aFolder()
    const state = AgentState.open(join(folder.path, 'deep/state'), SILENT)
    state.remember('codex', MEMORY)
    state.flush()

    const modeOf = (name: string) => statSync(join(folder.path, name)).mode & 0o777
    expect([modeOf('deep/state'), modeOf('deep/state/state.json')]).toEqual([0o700, 0o600])
    expect(readdirSync(join(folder.path, 'deep/state'))).toEqual(['state.json'])
  })

  it('is read again by the next start', () => {
    using folder = aFolder()
    const first = AgentState.open(folder.path, SILENT)
    first.remember('codex', MEMORY)
    const id = first.deviceId()

    const second = AgentState.open(folder.path, SILENT)
    expect([second.deviceId(), [...second.runtimes]]).toEqual([id, [['codex', MEMORY]]])
    expect(id).toMatch(/^[-.A-Za-z0-9]{1,60}-[0-9a-f]{8}$/)
  })

  it('gives different devices with the same host name different ids', () => {
    using one = aFolder()
    using two = aFolder()
    const ids = [one, two].map(({ path }) => AgentState.open(path, SILENT).deviceId())

    expect(new Set(ids).size).toBe(2)
  })

  it.each([
    ['damaged', '{"deviceId":'],
    ['of another shape', '{"deviceId":5,"runtimes":[]}'],
    ['empty', ''],
  ])('is started anew when it is %s, and says what that means', (_what, text) => {
    using folder = aFolder()
    writeFileSync(join(folder.path, 'state.json'), text)
    const logger = aLogger()

    expect([...AgentState.open(folder.path, logger).runtimes]).toEqual([])
    expect(logger.said).toEqual([
      {
        fields: { folder: folder.path, reason: 'the file is damaged' },
        message: 'cannot read state; files written here before count as foreign',
      },
    ])
  })

  it('loses what a killed write of it left', () => {
    using folder = aFolder()
    writeFileSync(join(folder.path, '.state-0123456789abcdef.tmp'), '{')
    AgentState.open(folder.path, SILENT)

    expect(readdirSync(folder.path)).toEqual([])
  })

  it('may be impossible to write: the agent says so once, remembers for now, and keeps its id', () => {
    using folder = aFolder()
    mkdirSync(join(folder.path, 'state.json'), { recursive: true })
    const logger = aLogger()
    const state = AgentState.open(join(folder.path), logger)
    logger.said.length = 0
    state.remember('codex', MEMORY)
    state.remember('claude', MEMORY)

    expect(logger.said.map(({ message }) => message)).toEqual([
      'cannot keep state; files written here will count as foreign after a restart',
    ])
    expect([...state.runtimes.keys()]).toEqual(['codex', 'claude'])
    expect(AgentState.open(folder.path, logger).deviceId()).toBe(state.deviceId())
    expect(state.deviceId().startsWith(hostname().slice(0, 4))).toBe(true)
  })
})
