import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { ConfigReports } from '#agent/config-reports.ts'
import { openHome } from '#agent/home.ts'
import { type AgentRuntime, toAgentRuntimes } from '#agent/runtimes.ts'
import { fingerprint } from '#layers/fingerprint.ts'
import { readToml } from '#layers/toml/read.ts'
import { AgentServer, startAgent, WIRE_CODEX } from '#test/support/agent-server.ts'
import { aFolder } from '#test/support/command-devices.ts'
import { until } from '#test/support/until.ts'

const CANARY = 'sk-canary-42ee'
const TOML = { path: '~/.codex/config.toml', format: 'toml' }

let root: ReturnType<typeof aFolder>
let home: string
let file: string
let warnings: object[]

beforeEach(() => {
  root = aFolder()
  home = join(root.path, 'home')
  file = join(home, '.codex/config.toml')
  mkdirSync(join(home, '.codex'), { recursive: true })
  warnings = []
})

afterEach(() => root[Symbol.dispose]())

function runtimes(wire: object): readonly AgentRuntime[] {
  return toAgentRuntimes([{ ...WIRE_CODEX, ...wire }])
}

function start(assigned = runtimes({ config: TOML }), environment: Readonly<Record<string, string>> = {}) {
  const warn = (fields: object) => void warnings.push(fields)
  const reports = new ConfigReports(openHome(home, environment), { info() {}, warn, error() {} })
  reports.assign(assigned)
  return reports
}

/** What it reports, without the files of this machine, which a test cannot know. */
function reportOf(reports: ConfigReports) {
  const report = reports.report()
  return report && Object.fromEntries(Object.entries(report).map(([name, layers]) => [name, ownOf(layers)]))
}

function ownOf(layers: readonly { readonly type: string }[]) {
  return layers.filter(({ type }) => type === 'user')
}

const versionOf = (text: string) => fingerprint(readToml(text))

describe('the layers of a configuration on a device', () => {
  it('are nothing before anybody looked, and none where there are no files', async () => {
    const reports = start()
    expect(reportOf(reports)).toBeNull()
    expect(await reports.refresh()).toBe(true)
    expect(reportOf(reports)).toEqual({ codex: [] })
  })

  it('are told by their versions, never by what they say', async () => {
    const text = `no_such_setting = "${CANARY}" # ${CANARY}\n`
    writeFileSync(file, text)
    const reports = start()
    await reports.refresh()
    expect(reportOf(reports)).toEqual({ codex: [{ type: 'user', version: versionOf(text) }] })
    expect(JSON.stringify(reports.report())).not.toContain(CANARY)
  })

  it('are read again when a file changed, and only then', async () => {
    writeFileSync(file, 'x_a = 1')
    const reports = start()
    expect(await reports.refresh()).toBe(true)
    expect(await reports.refresh()).toBe(false)
    writeFileSync(file, 'x_a = 1 # the same\n')
    expect(await reports.refresh()).toBe(false)
    writeFileSync(file, 'x_a = 2')
    expect(await reports.refresh()).toBe(true)
    rmSync(file)
    expect(await reports.refresh()).toBe(true)
    expect(reportOf(reports)).toEqual({ codex: [] })
  })

  it.each([
    ['does not parse', () => writeFileSync(file, `key = ${CANARY}`)],
    ['is not UTF-8', () => writeFileSync(file, Buffer.from([0x61, 0xff]))],
    ['is a folder', () => mkdirSync(file)],
    ['is a pipe', () => execFileSync('mkfifo', [file])],
    ['has a setting of the wrong kind', () => writeFileSync(file, 'model = 5')],
  ])('are marked where the file %s', async (_why, make) => {
    make()
    const reports = start()
    await reports.refresh()
    expect(reportOf(reports)).toEqual({ codex: [{ type: 'user', unreadable: true }] })
    expect(warnings).toEqual([])
    rmSync(file, { recursive: true })
    writeFileSync(file, '')
    expect(await reports.refresh()).toBe(true)
    expect(reportOf(reports)).toEqual({ codex: [{ type: 'user', version: versionOf('') }] })
  })

  it("follow the CLI's own variable", async () => {
    const moved = join(home, 'work')
    mkdirSync(moved)
    writeFileSync(join(moved, 'config.toml'), 'x_a = 1')
    const reports = start(runtimes({ config: TOML }), { CODEX_HOME: moved })
    await reports.refresh()
    expect(reportOf(reports)).toEqual({ codex: [{ type: 'user', version: versionOf('x_a = 1') }] })
  })

  it.each([
    ['settings.json', '{"model": "x"}', { type: 'user', version: versionOf('model = "x"') }],
    ['settings.json', '{"model": }', { type: 'user', unreadable: true }],
  ])('are those of claude, too: %s with %s', async (name, text, layer) => {
    mkdirSync(join(home, '.claude'))
    writeFileSync(join(home, '.claude', name), text)
    const config = { path: '~/.claude/settings.json', format: 'json' }
    const reports = start(runtimes({ name: 'claude', home_variable: 'CLAUDE_CONFIG_DIR', config }))
    await reports.refresh()
    expect(reportOf(reports)).toEqual({ claude: [layer] })
    expect(await reports.refresh()).toBe(false)
  })

  it('are those of one file for a runtime nobody knows more of', async () => {
    mkdirSync(join(home, '.gemini'))
    writeFileSync(join(home, '.gemini/settings.json'), '{"a": 1}')
    const config = { path: '~/.gemini/settings.json', format: 'json' }
    const reports = start(runtimes({ name: 'gemini', home_variable: null, config }))
    await reports.refresh()
    expect(reportOf(reports)).toEqual({ gemini: [{ type: 'user', version: versionOf('a = 1') }] })
  })

  it.each([
    ['says no config file', {}],
    ['has none', { config: null }],
    ['names a file that is no settings file', { config: { path: '~/.ssh/id_rsa', format: 'toml' } }],
    ['names another format', { config: { path: '~/.x/config.yaml', format: 'yaml' } }],
    ['leads out of the home directory', { config: { path: '~/../x/config.toml', format: 'toml' } }],
    ['names a path that is too long', { config: { path: `~/${'x'.repeat(1100)}.toml`, format: 'toml' } }],
  ])('are not looked at when the runtime %s', async (_why, wire) => {
    const reports = start(runtimes(wire))
    expect(await reports.refresh()).toBe(false)
    expect(reportOf(reports)).toBeNull()
  })

  it('are not looked at through a folder that leads out of the home directory', async () => {
    mkdirSync(join(root.path, 'outside'))
    writeFileSync(join(root.path, 'outside/config.toml'), 'a = 1')
    rmSync(join(home, '.codex'), { recursive: true })
    symlinkSync(join(root.path, 'outside'), join(home, '.codex'))
    const reports = start()
    await reports.refresh()
    expect(reportOf(reports)).toBeNull()
  })

  it('are forgotten when the server takes the runtime back', async () => {
    writeFileSync(file, 'x_a = 1')
    const reports = start()
    await reports.refresh()
    reports.assign([])
    expect(reportOf(reports)).toBeNull()
  })
})

describe('an agent', () => {
  it('reports them after its first heartbeat, when they change, and writes nothing of them', async () => {
    await using server = await AgentServer.start()
    const assigned = { success: true, device_id: 'dev-1', runtimes: [{ ...WIRE_CODEX, config: TOML }] }
    server.answers['device:register'] = assigned
    writeFileSync(file, `x_token = "${CANARY}"`)
    const agent = await startAgent(server.port, home)
    const said = () =>
      server.said.flatMap(([event, payload]) => (event === 'device:heartbeat' ? [payload] : []))
    await until(() => said().length === 1 && agent.clock.delays.includes(30_000))
    expect(said()[0]).not.toHaveProperty('runtime_config_layers')
    await agent.clock.advance(2_000)
    await until(() => said().length === 2)
    const layersOf = (at: number) =>
      ownOf(
        (said()[at] as { runtime_config_layers: { codex: { type: string }[] } }).runtime_config_layers.codex,
      )
    expect(layersOf(1)).toEqual([{ type: 'user', version: versionOf(`x_token = "${CANARY}"`) }])
    writeFileSync(file, 'x_token = 2')
    await agent.clock.advance(2_000)
    await until(() => said().length === 3)
    expect(layersOf(2)).toEqual([{ type: 'user', version: versionOf('x_token = 2') }])
    await agent.stop()
    expect(JSON.stringify([server.said, agent.log])).not.toContain(CANARY)
    expect(readdirSync(join(home, '.codex'))).toEqual(['config.toml'])
  })
})
