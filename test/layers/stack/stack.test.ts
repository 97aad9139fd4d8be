import { describe, expect, it } from 'vitest'

import { fingerprint } from '#layers/fingerprint.ts'
import { createLayer, type ConfigLayer, type LayerName } from '#layers/layer.ts'
import { codexProfile } from '#layers/runtimes/codex.ts'
import { plainProfile } from '#layers/runtimes/plain.ts'
import { ConfigLayerStack } from '#layers/stack/stack.ts'
import { readToml } from '#layers/toml/read.ts'
import { refusalOf } from '#test/layers/refusals.ts'
import { aStack, MANAGED_FILE, SYSTEM_FILE, USER_FILE } from '#test/layers/stacks.ts'

const profile = codexProfile()

const SYSTEM: LayerName = { type: 'system', file: SYSTEM_FILE }
const USER: LayerName = { type: 'user', file: USER_FILE }
const FLAGS: LayerName = { type: 'sessionFlags' }
const MANAGED: LayerName = { type: 'legacyManagedConfigTomlFromFile', file: MANAGED_FILE }

function aProject(folder: string): LayerName {
  return { type: 'project', dotCodexFolder: `${folder}/.codex` }
}

function aLayer(name: LayerName, text = '', disabledReason?: string): ConfigLayer {
  return createLayer(name, readToml(text), disabledReason)
}

function stackOf(...layers: readonly ConfigLayer[]): ConfigLayerStack {
  return ConfigLayerStack.of({ layers, profile })
}

function typesOf(layers: readonly ConfigLayer[]): readonly string[] {
  return layers.map(({ name }) => name.type)
}

describe('laying layers on each other', () => {
  it('merges the enabled ones and shows all, highest first', () => {
    const stack = stackOf(
      aLayer(SYSTEM, 'a = 1\nb = 1'),
      aLayer(USER, 'b = 2\nc = 2'),
      aLayer(aProject('/p'), 'c = 3', 'not trusted'),
      aLayer(MANAGED, 'd = 4'),
    )

    expect(stack.effectiveConfig()).toEqual(readToml('a = 1\nb = 2\nc = 2\nd = 4'))
    expect(typesOf(stack.layersHighToLow())).toEqual(['legacyManagedConfigTomlFromFile', 'user', 'system'])
    expect(typesOf(stack.allLayers())).toEqual([
      'legacyManagedConfigTomlFromFile',
      'project',
      'user',
      'system',
    ])
    expect(stack.userLayer()?.name).toEqual(USER)
  })

  it('takes layers of one precedence in their order', () => {
    const stack = stackOf(aLayer(FLAGS, 'a = 1'), aLayer(FLAGS, 'a = 2'))

    expect(stack.effectiveConfig()).toEqual(readToml('a = 2'))
  })

  it('works out everything once', () => {
    const stack = aStack({ user: 'a = 1' })

    expect(stack.effectiveConfig()).toBe(stack.effectiveConfig())
    expect(stack.origins()).toBe(stack.origins())
    expect(stack.liveOrigins()).toBe(stack.liveOrigins())
  })

  it('is empty without layers', () => {
    const stack = stackOf()

    expect([...stack.effectiveConfig()]).toEqual([])
    expect([...stack.origins()]).toEqual([])
    expect(stack.userLayer()).toBeNull()
    expect(stack.requirements).toBeNull()
  })

  it.each<[string, readonly LayerName[], string]>([
    [
      'a layer lies above one that it belongs below',
      [USER, SYSTEM],
      `system config ${SYSTEM_FILE} lies above user config ${USER_FILE}: it belongs below`,
    ],
    [
      'there are two user layers',
      [USER, USER],
      `user config ${USER_FILE} lies above user config ${USER_FILE}: there can only be one user layer`,
    ],
    [
      'a project does not lie in the one before it',
      [aProject('/a/b'), aProject('/a/bc')],
      'project layer /a/bc/.codex does not lie in /a/b',
    ],
    [
      'projects run from a folder up',
      [aProject('/a/b'), aProject('/a')],
      'project layer /a/.codex does not lie in /a/b',
    ],
    [
      'a project is there twice',
      [aProject('/a'), aProject('/a')],
      'project layer /a/.codex does not lie in /a',
    ],
    [
      'the runtime has no such layer',
      [{ type: 'localFile', file: '/x' }],
      'codex has no layer of the type localFile',
    ],
  ])('refuses layers when %s', (_why, names, message) => {
    expect(refusalOf(() => stackOf(...names.map((name) => aLayer(name))))).toEqual({
      code: 'layerOrderInvalid',
      message,
    })
  })

  it('takes projects from the root down', () => {
    const names = [aProject(''), aProject('/a'), aProject('/a/b')]

    expect(typesOf(stackOf(...names.map((name) => aLayer(name))).allLayers())).toHaveLength(3)
  })
})

describe('another user layer', () => {
  it('takes the place of the old one and keeps every other layer', () => {
    const stack = aStack({ system: 'a = 1', user: 'a = 2', session: ['a=3'], managed: 'b = 4' })
    const other = stack.withUserConfig('/elsewhere.toml', readToml('c = 5'))
    const others = (each: ConfigLayerStack) => each.allLayers().filter(({ name }) => name.type !== 'user')

    expect(others(other)).toEqual(others(stack))
    expect(typesOf(other.allLayers())).toEqual(typesOf(stack.allLayers()))
    expect(other.userLayer()).toEqual({
      name: { type: 'user', file: '/elsewhere.toml' },
      config: readToml('c = 5'),
      version: fingerprint(readToml('c = 5')),
    })
    expect(stack.userLayer()?.config).toEqual(readToml('a = 2'))
  })

  it('is put below the first layer of higher precedence where there was none', () => {
    const stack = stackOf(aLayer(SYSTEM), aLayer(aProject('/p')), aLayer(MANAGED))

    expect(typesOf(stack.withUserConfig(USER_FILE, readToml('a = 1')).allLayers())).toEqual([
      'legacyManagedConfigTomlFromFile',
      'project',
      'user',
      'system',
    ])
  })

  it('is not normalised', () => {
    const profile = { ...plainProfile('other', 'toml'), normalise: () => readToml('never = 1') }
    const stack = ConfigLayerStack.of({ layers: [], profile })

    expect(stack.withUserConfig('config', readToml('a = 1')).userLayer()?.config).toEqual(readToml('a = 1'))
  })
})

describe('settings of threads', () => {
  const session = (text: string) => ({ source: 'session', config: readToml(text) }) as const

  it('lie above the flags of the session and below what is managed', () => {
    const stack = aStack({ session: ['model_provider="flags"'], managed: 'a = 1' }).withThreadEntries([
      session('model_provider = "thread"'),
    ])

    expect(stack.allLayers().map(({ name, config }) => [name.type, config.get('model_provider')])).toEqual([
      ['legacyManagedConfigTomlFromFile', undefined],
      ['sessionFlags', 'thread'],
      ['sessionFlags', 'flags'],
      ['user', undefined],
      ['system', undefined],
    ])
  })

  it('are the provider of the model and features, nothing else', () => {
    const stack = stackOf().withThreadEntries([
      session('model = "m"\nmodel_provider = "p"\n[model_providers.p]\nname = "x"\n[features]\nf = true'),
    ])

    expect(stack.effectiveConfig()).toEqual(
      readToml('model_provider = "p"\n[model_providers.p]\nname = "x"\n[features]\nf = true'),
    )
  })

  it('are no layer when they have none of these, or hold for the user', () => {
    const stack = stackOf(aLayer(USER))
    const entries = [
      session('model = "m"'),
      { source: 'user', config: readToml('model_provider = "p"') },
    ] as const

    expect(typesOf(stack.withThreadEntries(entries).allLayers())).toEqual(['user'])
  })

  it('count in their order', () => {
    const stack = stackOf().withThreadEntries([
      session('model_provider = "a"'),
      session('model_provider = "b"'),
    ])

    expect(stack.effectiveConfig()).toEqual(readToml('model_provider = "b"'))
    expect(stack.allLayers()).toHaveLength(2)
  })
})
