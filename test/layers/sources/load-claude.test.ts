import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import { canonicalJson } from '#layers/fingerprint.ts'
import { loadClaudeLayersState, type ClaudeLoadOptions } from '#layers/load-claude.ts'
import { nodeFs } from '#layers/sources/files.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'

import { refusalOf } from './refusal.ts'

interface Machine {
  readonly root: string
  readonly load: (more?: Partial<ClaudeLoadOptions>) => Promise<ConfigLayerStack>
}

/** Files below a temporary folder: `home/.claude/…`, `work/.claude/…`, `etc/managed-settings.json`. */
async function aMachine(files: Readonly<Record<string, string>> = {}): Promise<Machine> {
  const root = await mkdtemp(join(tmpdir(), 'claude-layers-'))
  onTestFinished(async () => {
    await rm(root, { recursive: true, force: true })
  })
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  const options = {
    fs: nodeFs(),
    home: join(root, 'home'),
    cwd: join(root, 'work'),
    overrides: { managedPath: join(root, 'etc/managed-settings.json') },
  }
  return { root, load: async (more) => await loadClaudeLayersState({ ...options, ...more }) }
}

const ALL = {
  'home/.claude/settings.json': '{"model": "user", "permissions": {"allow": ["Read"]}, "a": 1}',
  'work/.claude/settings.json': '{"model": "project", "permissions": {"allow": ["Edit", "Read"]}, "b": 1}',
  'work/.claude/settings.local.json': '{"model": "local", "c": 1}',
  'etc/managed-settings.json': '{"model": "managed", "permissions": {"deny": ["WebFetch"]}}',
}

function typesOf(stack: ConfigLayerStack): readonly string[] {
  return stack.layersHighToLow().map(({ name }) => name.type)
}

describe('the layers of claude', () => {
  it('are the managed file, the session, the local, the project and the user settings', async () => {
    const { root, load } = await aMachine(ALL)
    const stack = await load({ settings: '{"model": "flag"}' })
    expect(stack.layersHighToLow().map(({ name }) => name)).toEqual([
      { type: 'managedFile', file: join(root, 'etc/managed-settings.json') },
      { type: 'sessionFlags' },
      { type: 'localFile', file: join(root, 'work/.claude/settings.local.json') },
      { type: 'projectFile', file: join(root, 'work/.claude/settings.json') },
      { type: 'user', file: join(root, 'home/.claude/settings.json') },
    ])
    expect(canonicalJson(stack.effectiveConfig())).toBe(
      '{"a":1,"b":1,"c":1,"model":"managed","permissions":{"allow":["Read","Edit"],"deny":["WebFetch"]}}',
    )
    expect(stack.explain('model').winner?.name.type).toBe('managedFile')
  })

  it('are an empty one of the user where nothing is', async () => {
    const { load } = await aMachine()
    const stack = await load()
    expect(stack.allLayers().map(({ name, config }) => [name.type, config.size])).toEqual([['user', 0]])
  })

  it('leave the project out when no folder is worked in', async () => {
    const { root } = await aMachine(ALL)
    const overrides = { managedPath: join(root, 'none') }
    const stack = await loadClaudeLayersState({ fs: nodeFs(), home: join(root, 'home'), overrides })
    expect(typesOf(stack)).toEqual(['user'])
  })

  it('are the user settings of another folder when one is named', async () => {
    const { root, load } = await aMachine({ 'other/settings.json': '{"model": "other"}' })
    const stack = await load({ configDir: join(root, 'other') })
    expect(stack.effectiveConfig()).toEqual(new Map([['model', 'other']]))
  })

  it('count the settings of the home directory once when it is worked in', async () => {
    const { root, load } = await aMachine({ ...ALL, 'home/.claude/settings.local.json': '{}' })
    expect(typesOf(await load({ cwd: join(root, 'home') }))).toEqual(['managedFile', 'localFile', 'user'])
    await symlink(join(root, 'home'), join(root, 'link'))
    expect(typesOf(await load({ cwd: join(root, 'link') }))).toEqual(['managedFile', 'localFile', 'user'])
  })

  it('have the drop-in files above the managed file, in the order of their names', async () => {
    const { root, load } = await aMachine({
      'etc/managed-settings.json': '{"model": "base", "x": ["a"]}',
      'etc/managed-settings.d/20-b.json': '{"model": "b", "x": ["b"]}',
      'etc/managed-settings.d/10-a.json': '{"model": "a", "x": ["a", "c"]}',
      'etc/managed-settings.d/.hidden.json': '{"model": "hidden"}',
      'etc/managed-settings.d/README.md': 'no settings',
    })
    const stack = await load()
    const folder = join(root, 'etc/managed-settings.d')
    expect(stack.layersHighToLow().flatMap(({ name }) => ('file' in name ? [name.file] : []))).toEqual([
      join(folder, '20-b.json'),
      join(folder, '10-a.json'),
      join(root, 'etc/managed-settings.json'),
      join(root, 'home/.claude/settings.json'),
    ])
    expect(canonicalJson(stack.effectiveConfig())).toBe('{"model":"b","x":["a","c","b"]}')
  })

  it('take the settings of a session from a file', async () => {
    const { root, load } = await aMachine({ 'work/flags.json': '{"model": "file"}' })
    for (const settings of ['flags.json', join(root, 'work/flags.json')]) {
      expect((await load({ settings })).effectiveConfig()).toEqual(new Map([['model', 'file']]))
    }
    expect((await refusalOf(load({ settings: 'none.json' }))).message).toBe(
      `${join(root, 'work/none.json')}: expected a file with settings, got none`,
    )
  })

  it('keep integers and floats apart', async () => {
    const { load } = await aMachine({
      'home/.claude/settings.json': '{"a": 9007199254740993, "b": 1.0, "__proto__": {"c": 1}}',
    })
    expect(canonicalJson((await load()).effectiveConfig())).toBe(
      '{"__proto__":{"c":1},"a":9007199254740993,"b":1.0}',
    )
  })

  it('load with a value of the wrong kind, which the linter tells', async () => {
    const { load } = await aMachine({ 'home/.claude/settings.json': '{"model": 5}' })
    const findings = (await load()).lint()
    expect(findings.map(({ rule, key, message }) => [rule, key, message])).toEqual([
      ['wrong-type', 'model', 'expected a string, got an integer'],
    ])
  })
})

describe('settings of claude that cannot be used', () => {
  it.each<readonly [what: string, text: string, refusal: readonly [code: string, message: string]]>([
    ['bad syntax', '{"a": tru}', ['configSyntaxError', ':1:7: expected a value, got a letter']],
    [
      'a comment',
      '{\n  // why\n}',
      ['configSyntaxError', ':2:3: expected a key in double quotes, got a comment'],
    ],
    ['no object', '[1]', ['configTypeError', ':1:1: expected an object, got array']],
    ['a null', '{"env": {"A": null}}', ['configTypeError', ': expected a value, got null at env.A']],
    [
      'an integer beyond 64 bits',
      '{"a": 9223372036854775808}',
      ['configTypeError', ': expected an integer that 64 bits can hold, got one beyond at a'],
    ],
  ])('are told with their path: %s', async (_what, text, [code, message]) => {
    for (const file of Object.keys(ALL)) {
      const { root, load } = await aMachine({ ...ALL, [file]: text })
      const refusal = await refusalOf(load())
      expect([refusal.code, refusal.message]).toEqual([code, `${join(root, file)}${message}`])
    }
  })

  it('are told by the flag when they came with it', async () => {
    const { load } = await aMachine()
    expect((await refusalOf(load({ settings: '{' }))).message).toBe(
      '--settings:1:2: expected a key in double quotes, got the end of the text',
    )
  })

  it('are told when they are a folder or not UTF-8', async () => {
    const { root, load } = await aMachine({ 'home/.claude/settings.json/x': '' })
    expect((await refusalOf(load())).place.path).toBe(join(root, 'home/.claude/settings.json'))
    const other = await aMachine(ALL)
    const file = join(other.root, 'work/.claude/settings.json')
    await writeFile(file, new Uint8Array([0xff]))
    const { code, place } = await refusalOf(other.load())
    expect([code, place.path]).toEqual(['configUnreadable', file])
  })
})
