import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { canonicalJson } from '#layers/fingerprint.ts'
import type { LoadOptions } from '#layers/load.ts'
import { toWireRequirements } from '#layers/requirements/requirements.ts'
import { readToml } from '#layers/toml/read.ts'

import { refusalOf } from './refusal.ts'
import { aSandbox } from './sandbox.ts'

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

describe('the layers of a machine', () => {
  it('are all there is, from the managed preferences down to the system', async () => {
    const sandbox = await aSandbox({
      system: 'a = 0\nb = 0\nc = 0\nd = 0\ne = 0',
      user: 'b = 1\nc = 1\nd = 1\ne = 1',
      managed: 'd = 3\ne = 3',
      session: ['c=2', 'd=2', 'e=2'],
    })
    const stack = await sandbox.load({ overrides: { managedPreferences: { config: base64('e = 4') } } })
    expect(sandbox.recorded(stack.allLayers().map(({ name }) => name))).toEqual([
      { type: 'legacyManagedConfigTomlFromMdm' },
      { type: 'legacyManagedConfigTomlFromFile', file: '/etc/codex/managed_config.toml' },
      { type: 'sessionFlags' },
      { type: 'user', file: '/sandbox/home/config.toml' },
      { type: 'system', file: '/etc/codex/config.toml' },
    ])
    expect(canonicalJson(stack.effectiveConfig())).toBe('{"a":0,"b":1,"c":2,"d":3,"e":4}')
  })

  it('are the system and the user where no file is, both empty', async () => {
    const stack = await (await aSandbox()).load()
    expect(stack.allLayers().map(({ name, config }) => [name.type, config.size])).toEqual([
      ['user', 0],
      ['system', 0],
    ])
    expect(stack.requirements).toBeNull()
  })

  it('include a managed config of nothing but comments', async () => {
    const stack = await (await aSandbox({ managed: '# later\n' })).load()
    expect(stack.allLayers().map(({ name }) => name.type)).toEqual([
      'legacyManagedConfigTomlFromFile',
      'user',
      'system',
    ])
  })

  it('take flags of every kind, those before the subcommand first', async () => {
    const flags: Partial<LoadOptions> = {
      rootOverrides: ['a=1', 'b=1'],
      cliOverrides: ['b=2', { enable: 'x' }, { disable: 'y' }],
    }
    const sandbox = await aSandbox()
    const session = async (cliVersion: string): Promise<string> =>
      canonicalJson((await sandbox.load({ ...flags, cliVersion })).effectiveConfig())
    expect([await session('0.169.0'), await session('0.128.0')]).toEqual([
      '{"a":1,"b":2,"features":{"x":true,"y":false}}',
      '{"b":2,"features":{"x":true,"y":false}}',
    ])
  })

  it('have paths made absolute, each against its own folder', async () => {
    const skills = '[[skills.config]]\npath = "./s"\nenabled = false'
    const sandbox = await aSandbox({
      user: skills,
      managed: skills,
      session: ['skills.config=[{path="./s",enabled=false}]'],
      projectFiles: { '.git/HEAD': 'x' },
      cwd: '/sandbox/proj',
    })
    const stack = await sandbox.load({
      overrides: { managedPreferences: { config: base64(skills.replace('./s', '~/s')) }, home: '/home/me' },
    })
    const texts = stack.allLayers().map(({ config }) => canonicalJson(config))
    expect(sandbox.recorded(texts)).toEqual([
      '{"skills":{"config":[{"enabled":false,"path":"/home/me/s"}]}}',
      '{"skills":{"config":[{"enabled":false,"path":"/etc/codex/s"}]}}',
      '{"skills":{"config":[{"enabled":false,"path":"/sandbox/proj/s"}]}}',
      '{"skills":{"config":[{"enabled":false,"path":"/sandbox/home/s"}]}}',
      '{}',
    ])
  })

  it('get what a thread brings along, above flags and below what is managed', async () => {
    const sandbox = await aSandbox({
      session: ['model_provider="flag"'],
      managed: 'x = 1',
      cwd: '/sandbox/proj',
    })
    const asked: unknown[] = []
    const stack = await sandbox.load({
      threadConfigLoader: {
        load: (context) => {
          asked.push(context)
          return Promise.resolve([{ source: 'session', config: readToml('model_provider = "thread"') }])
        },
      },
    })
    expect(sandbox.recorded(asked)).toEqual([{ cwd: '/sandbox/proj' }])
    expect(stack.effectiveConfig().get('model_provider')).toBe('thread')
    expect(stack.allLayers().map(({ name }) => name.type)).toEqual([
      'legacyManagedConfigTomlFromFile',
      'sessionFlags',
      'sessionFlags',
      'user',
      'system',
    ])
  })

  it('cannot be loaded when what a thread brings along cannot', async () => {
    const cause = new Error('s3cret')
    const sandbox = await aSandbox()
    const fault = await refusalOf(sandbox.load({ threadConfigLoader: { load: () => Promise.reject(cause) } }))
    expect([fault.code, fault.message, fault.cause]).toEqual([
      'threadConfigFailed',
      'what the thread brings along could not be loaded',
      cause,
    ])
  })
})

describe('the requirements of a machine', () => {
  const modes = (...words: readonly string[]): string => `allowed_sandbox_modes = ${JSON.stringify(words)}`

  it('come from managed preferences, further sources, files and managed configs', async () => {
    const sandbox = await aSandbox({
      requirements: `${modes('read-only')}\nallowed_web_search_modes = ["live"]\n[features]\na = true\nb = true`,
      managed: 'approval_policy = "never"',
    })
    const stack = await sandbox.load({
      overrides: {
        managedPreferences: {
          config: base64('approvals_reviewer = "user"'),
          requirements: base64('[features]\na = false'),
        },
      },
      requirements: [
        { source: { type: 'cloud', name: 'org' }, table: readToml('enforce_residency = "us"') },
        { source: { type: 'managedRuntimeConfig', name: 'team' }, table: readToml('[features]\nb = false') },
      ],
    })
    expect(JSON.parse(JSON.stringify(toWireRequirements(stack.requirements)))).toEqual({
      allowedApprovalPolicies: ['never'],
      allowedApprovalsReviewers: ['user'],
      allowedSandboxModes: ['read-only'],
      allowedWebSearchModes: ['live', 'disabled'],
      featureRequirements: { a: false, b: false },
      enforceResidency: 'us',
    })
  })

  it.each([
    ['0.128.0', 'requirements.toml'],
    ['0.169.0', 'managed_config.toml'],
  ])('are told in the order of %s when several files are broken', async (cliVersion, file) => {
    const broken = '= 1'
    const sandbox = await aSandbox({ user: broken, system: broken, managed: broken, requirements: broken })
    const order: string[] = []
    for (let files = 0; files < 4; files += 1) {
      const { place } = await refusalOf(sandbox.load({ cliVersion }))
      order.push(String(sandbox.recorded(place.path)).replace('/etc/codex/', ''))
      await rm(place.path ?? '')
    }
    expect([order[0], order.at(-1), new Set(order).size]).toEqual([file, '/sandbox/home/config.toml', 4])
  })
})

describe('a file that cannot be used', () => {
  it.each<readonly [what: string, make: (path: string) => unknown, reason: string]>([
    ['a folder', (path) => mkdir(path), 'expected a file, got a folder'],
    ['a pipe', (path) => execFileSync('mkfifo', [path]), 'expected a file, got a pipe'],
    ['not UTF-8', (path) => writeFile(path, Buffer.from([0xff])), 'expected text in UTF-8, got other bytes'],
  ])('is told with its path wherever it is, when it is %s', async (_what, make, reason) => {
    for (const name of [
      'home/config.toml',
      'etc/config.toml',
      'etc/managed_config.toml',
      'etc/requirements.toml',
    ]) {
      const sandbox = await aSandbox()
      await mkdir(join(sandbox.root, 'etc'))
      await make(join(sandbox.root, name))
      const fault = await refusalOf(sandbox.load())
      expect([fault.code, fault.message]).toEqual([
        'configUnreadable',
        `${join(sandbox.root, name)}: ${reason}`,
      ])
    }
  })

  it('stays as it is, to the byte', async () => {
    const sandbox = await aSandbox({ user: 'a = 1\r\nb = = s3cret' })
    const { message } = await refusalOf(sandbox.load())
    expect(message).not.toContain('s3cret')
    expect(await readFile(sandbox.userFile, 'utf8')).toBe('a = 1\r\nb = = s3cret')
  })
})

describe('a value of the wrong kind', () => {
  it('is told with the place of the file that it is in', async () => {
    const sandbox = await aSandbox({ user: '# c\nsandbox_mode = "read-only"\nmodel = 5' })
    const { code, reason, place } = await refusalOf(sandbox.load())
    expect(sandbox.recorded({ code, reason, place })).toEqual({
      code: 'configTypeError',
      reason: 'model: expected a string, got an integer',
      place: {
        path: '/sandbox/home/config.toml',
        range: { line: 3, column: 9, endLine: 3, endColumn: 9 },
        excerpt: 'model = 5',
      },
    })
  })

  it('is told of the flags where it is in none', async () => {
    const sandbox = await aSandbox({ session: ['model=5'] })
    expect((await refusalOf(sandbox.load())).message).toBe(
      'session flags: model: expected a string, got an integer',
    )
  })

  it('is told by the name of the preference that it is in', async () => {
    const sandbox = await aSandbox()
    const overrides = { managedPreferences: { config: base64('model = 5') } }
    expect((await refusalOf(sandbox.load({ overrides }))).message).toBe(
      'managed preferences com.openai.codex config_toml_base64:1:9: model: expected a string, got an integer',
    )
  })

  it('is no fault where a higher layer overrides it', async () => {
    const sandbox = await aSandbox({ user: 'model = 5', session: ['model="m"'] })
    expect((await sandbox.load()).effectiveConfig().get('model')).toBe('m')
  })
})

describe('managed preferences that cannot be used', () => {
  it.each([
    ['config', 'a = = 1', 'managed preferences com.openai.codex config_toml_base64:1:5: '],
    ['requirements', 'a = = 1', 'managed preferences com.openai.codex requirements_toml_base64:1:5: '],
    [
      'requirements',
      'features = 1',
      'managed preferences com.openai.codex requirements_toml_base64:1:12: features: ',
    ],
  ])('are told by their name: %s', async (kind, text, start) => {
    const sandbox = await aSandbox()
    const overrides = { managedPreferences: { [kind]: base64(text) } }
    expect((await refusalOf(sandbox.load({ overrides }))).message.slice(0, start.length)).toBe(start)
  })
})
