import { mkdir } from 'node:fs/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { settingNames, variableOf } from '#cli/settings.ts'
import { openTerminal, refusal, type Terminal } from '#test/support/terminal.ts'

let terminal: Terminal
beforeAll(async () => {
  terminal = await openTerminal()
})
afterAll(() => terminal[Symbol.asyncDispose]())

interface Row {
  readonly name: string
  readonly value: string
  readonly origin: string
  readonly source: string | null
}

async function rows(line: string, environment: Readonly<Record<string, string>> = {}) {
  const { items } = (await terminal.json(line, { environment })) as { readonly items: readonly Row[] }
  return items.map(({ name, value, origin, source }) => [name, value, origin, source])
}

describe('config', () => {
  it('shows every setting with its default', async () => {
    expect(await rows('config')).toEqual([
      ['store', 'sqlite', 'default', null],
      ['data', terminal.path('.local/share/runtimeconfig'), 'default', null],
      ['keyring', 'auto', 'default', null],
      ['signing-key', 'auto', 'default', null],
      ['listen', '127.0.0.1:8080', 'default', null],
      ['trust-proxy', 'none', 'default', null],
      ['requests-per-minute', '6000', 'default', null],
      ['legacy-key', 'none', 'default', null],
      ['kubeconfig', 'auto', 'default', null],
      ['operator-namespace', 'auto', 'default', null],
      ['replica', 'auto', 'default', null],
      ['peer-listen', 'none', 'default', null],
      ['peer-url', 'none', 'default', null],
      ['peer-token-file', 'none', 'default', null],
      ['oidc-issuer', 'none', 'default', null],
      ['oidc-audience', 'none', 'default', null],
      ['oidc-subject-claim', 'sub', 'default', null],
      ['oidc-groups-claim', 'groups', 'default', null],
      ['oidc-create-users', 'false', 'default', null],
      ['token-review', 'none', 'default', null],
      ['admin-groups', 'none', 'default', null],
      ['execution-groups', 'none', 'default', null],
      ['log-level', 'info', 'default', null],
      ['log-format', 'auto', 'default', null],
      ['server', 'http://127.0.0.1:8080', 'default', null],
      ['token-file', terminal.path('.config/runtimeconfig/token'), 'default', null],
    ])
  })

  it('takes each setting from the strongest place that says it, and says which', async () => {
    const file = await terminal.write(
      'all.yaml',
      'listen: 127.0.0.1:3\nlog-level: debug\nrequests-per-minute: 5\nserver: http://from.file\n',
    )
    const environment = {
      RUNTIMECONFIG_LISTEN: '127.0.0.1:2',
      RUNTIMECONFIG_LOG_LEVEL: 'warn',
      XDG_DATA_HOME: '/srv/data',
    }
    const shown = await rows(`config --config ${file} --listen 127.0.0.1:1`, environment)
    expect(shown.filter(([name, , origin]) => origin !== 'default' || name === 'data')).toEqual([
      ['data', '/srv/data/runtimeconfig', 'default', null],
      ['listen', '127.0.0.1:1', 'flag', '--listen'],
      ['requests-per-minute', '5', 'file', file],
      ['log-level', 'warn', 'environment', 'RUNTIMECONFIG_LOG_LEVEL'],
      ['server', 'http://from.file', 'file', file],
    ])
  })

  it('reads the settings file that lies where settings files lie', async () => {
    await using other = await openTerminal()
    const file = await other.write('.config/runtimeconfig/config.yaml', '{"log-level": "error"}')
    const { items } = (await other.json('config')) as { readonly items: readonly Row[] }
    expect(items.find(({ name }) => name === 'log-level')).toMatchObject({ value: 'error', source: file })
  })

  it('shows a table to people', async () => {
    const { code, stdout, stderr } = await terminal.run('config --listen [::1]:0')
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout.split('\n').map((line) => line.split(/ {2,}/))
    expect(lines[0]).toEqual(['SETTING', 'VALUE', 'ORIGIN', 'DESCRIPTION'])
    expect(lines.find(([name]) => name === 'listen')).toEqual([
      'listen',
      '[::1]:0',
      'flag (--listen)',
      'address to listen on (server)',
    ])
  })
})

describe('a setting that is wrong', () => {
  const listen = 'expected listen to be host:port, such as 127.0.0.1:8080; port 0 takes a free one, got'

  it.concurrent.each<[string, Asked, string]>([
    ['a flag', { line: 'config --listen nowhere' }, `--listen: ${listen} "nowhere"`],
    [
      'a huge flag',
      { line: `config --listen ${'x'.repeat(99_999)}` },
      `--listen: ${listen} "${'x'.repeat(100)}…"`,
    ],
    ['a variable', { RUNTIMECONFIG_LISTEN: ':' }, `RUNTIMECONFIG_LISTEN: ${listen} ":"`],
    [
      'a variable that does not exist',
      { RUNTIMECONFIG_LISEN: 'x' },
      `RUNTIMECONFIG_LISEN: no such setting; expected one of ${settingNames().map(variableOf).join(', ')}`,
    ],
    [
      'an address with a password',
      { line: 'devices --server http://me:pa@ss@h' },
      '--server: expected server to be an http or https URL, without user, password or query, got "http://***@h"',
    ],
    ['a settings file that is not there', { line: 'config --config no.yaml' }, unreadable('no.yaml')],
    ['a settings file that is a folder', { line: 'config --config .' }, unreadable('.')],
  ])('exits with 78 and is named: %s', async (_what, { line = 'config', ...environment }, message) => {
    expect(await terminal.run(line, { environment })).toEqual(refusal(78, message))
  })

  it.concurrent.each<[string, string | Uint8Array, string]>([
    ['text.yaml', 'just text', 'expected "setting: value" lines at the top level'],
    ['list.yaml', '- listen', 'expected "setting: value" lines at the top level'],
    ['broken.yaml', '{"listen": ', 'expected YAML or JSON with one "setting: value" per line'],
    ['tag.yaml', 'listen: !!js/function x', `${listen} "x"`],
    ['bytes.yaml', new Uint8Array([0xff, 0xfe, 0x00]), 'expected "setting: value" lines at the top level'],
    [
      'bomb.yaml',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${bomb()}`,
      'expected YAML or JSON with one "setting: value" per line',
    ],
    ['nested.yaml', 'listen:\n  port: 1', `${listen} "{\\"port\\":1}"`],
  ])('exits with 78 and is named by its file: %s', async (name, text, message) => {
    const file = await terminal.write(`bad/${name}`, text)
    expect(await terminal.run(`config --config ${file}`)).toEqual(refusal(78, `${file}: ${message}`))
  })

  it('exits with 78 and is named when the file has a name that is no setting', async () => {
    const file = await terminal.write('misspelt.yaml', 'lisen: x')
    const { code, stderr } = await terminal.run(`serve --config ${file}`)
    expect([code, stderr]).toEqual([
      78,
      `error: ${file}: "lisen" is not a setting; expected one of ${settingNames().join(', ')}\n`,
    ])
  })

  it('is not looked for where the settings file cannot be a file', async () => {
    await using other = await openTerminal()
    await mkdir(other.path('.config/runtimeconfig/config.yaml'), { recursive: true })
    const { code, stderr } = await other.run('config')
    expect([code, stderr]).toEqual([
      78,
      `error: ${unreadable(other.path('.config/runtimeconfig/config.yaml'))}\n`,
    ])
  })
})

/** A command line, and what its environment says. */
interface Asked {
  readonly line?: string
  readonly [variable: `RUNTIMECONFIG_${string}`]: string
}

function unreadable(path: string): string {
  return `expected a settings file at ${path}, which cannot be read`
}

function bomb(): string {
  return ['b', 'c', 'd', 'e', 'f', 'g']
    .map((name, at) => `${name}: &${name} [${`*${'abcdef'[at]},`.repeat(9)}]`)
    .join('\n')
}
