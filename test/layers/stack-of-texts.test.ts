import { describe, expect, it } from 'vitest'

import { LayersError } from '#layers/errors.ts'
import { checkRequirements } from '#layers/requirements/requirements-check.ts'
import { claudeProfile } from '#layers/runtimes/claude.ts'
import { codexProfile } from '#layers/runtimes/codex.ts'
import { type StackTexts, stackOfTexts } from '#layers/stack-of-texts.ts'

function aStack(parts: Partial<StackTexts> = {}): ReturnType<typeof stackOfTexts> {
  return stackOfTexts({ profile: codexProfile(), userFile: 'config', userText: '', managed: [], ...parts })
}

describe('a stack of texts', () => {
  it('has an empty user layer where the user has set nothing', () => {
    const [layer, ...others] = aStack().allLayers()
    expect([layer?.name, layer?.config, others]).toEqual([{ type: 'user', file: 'config' }, new Map(), []])
  })

  it('lets managed configs win over session flags, and those over the user', () => {
    const stack = aStack({
      userText: 'a = 1\nb = 1\nc = 1',
      overrides: ['b=2', 'c=2'],
      managed: [
        { name: 'one', config: 'c = 3\nd = 3' },
        { name: 'two', config: 'd = 4' },
      ],
    })
    expect([...stack.effectiveConfig()]).toEqual([
      ['a', 1n],
      ['b', 2n],
      ['c', 3n],
      ['d', 4n],
    ])
    expect(stack.allLayers().map(({ name }) => name)).toEqual([
      { type: 'managedRuntimeConfig', name: 'two' },
      { type: 'managedRuntimeConfig', name: 'one' },
      { type: 'sessionFlags' },
      { type: 'user', file: 'config' },
    ])
  })

  it('names the managed config that does not allow a value', () => {
    const stack = aStack({
      userText: 'sandbox_mode = "danger-full-access"',
      managed: [{ name: 'team-a', requirements: 'allowed_sandbox_modes = ["read-only"]' }],
    })
    expect(
      checkRequirements(stack.requirements, stack.effectiveConfig()).map(({ message }) => message),
    ).toEqual(['sandbox_mode is danger-full-access, and ManagedRuntimeConfig team-a allows only read-only'])
  })

  it('leaves relative paths as they are, because the folder of a device is not known', () => {
    const stack = aStack({ userText: '[[skills.config]]\npath = "./s"\nenabled = false' })
    const profile = stack.profile
    expect(profile.normalise(stack.effectiveConfig(), '/elsewhere')).toBe(stack.effectiveConfig())
    expect(JSON.stringify([...(stack.userLayer()?.config.keys() ?? [])])).toBe('["skills"]')
  })

  it('reads the layers of a runtime with JSON as JSON', () => {
    const stack = aStack({
      profile: claudeProfile(),
      userText: '{"model": "a", "n": 1}',
      managed: [{ name: 'org', config: '{"model": "b"}' }],
    })
    expect([...stack.effectiveConfig()]).toEqual([
      ['model', 'b'],
      ['n', 1n],
    ])
    expect(aStack({ profile: claudeProfile() }).effectiveConfig().size).toBe(0)
  })

  it.each<readonly [what: string, parts: Partial<StackTexts>, message: RegExp]>([
    ['the user file', { userText: 'a = = 1' }, /^config:1:5: /],
    ['a managed config', { managed: [{ name: 'x', config: 'a = 1\nb' }] }, /^ManagedRuntimeConfig x:2:2: /],
    [
      'the requirements of a managed config',
      { managed: [{ name: 'x', requirements: 'allowed_sandbox_modes = 1' }] },
      /^ManagedRuntimeConfig x:1:25: allowed_sandbox_modes: expected an array, got an integer$/,
    ],
    [
      'requirements that are no TOML',
      { managed: [{ name: 'x', requirements: '[' }] },
      /^ManagedRuntimeConfig x:1:/,
    ],
    [
      'JSON that is no object',
      { profile: claudeProfile(), userText: '[1]' },
      /^config:1:1: expected an object/,
    ],
  ])('says where %s cannot be read', (_what, parts, message) => {
    expect(() => aStack(parts)).toThrow(LayersError)
    expect(() => aStack(parts)).toThrow(message)
  })
})
