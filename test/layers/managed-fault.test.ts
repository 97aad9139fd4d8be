import { describe, expect, it } from 'vitest'

import { findManagedFault } from '#layers/managed-fault.ts'
import { plainProfile } from '#layers/runtimes/plain.ts'
import { registeredProfile } from '#layers/runtimes/registered.ts'

const CODEX = registeredProfile('codex', 'toml')

describe('what an administrator is about to set', () => {
  it.each([
    [
      'both texts can be used',
      { config: 'model = "x"', requirements: 'allowed_sandbox_modes = ["read-only"]' },
    ],
    ['there is only one text', { requirements: '' }],
    ['there is none', {}],
  ])('has no fault when %s', (_why, texts) => {
    expect(findManagedFault(CODEX, { name: 'company', ...texts })).toBeNull()
  })

  it.each([
    ['settings', { config: 'a = 1\nb =' }, 'config', 'configSyntaxError', /^2:4: /],
    ['requirements', { requirements: 'a =' }, 'requirements', 'configSyntaxError', /^1:4: /],
    [
      'a requirement',
      { requirements: 'allowed_approval_policies = []' },
      'requirements',
      'requirementsInvalid',
      /^1:/,
    ],
    ['a kind', { config: 'model = 5' }, 'config', 'configTypeError', /^1:9: model: /],
    [
      'a name in two cases',
      { config: '[shell_environment_policy.filters]\n"A*" = "include"\n"a*" = "exclude"' },
      'config',
      'configTypeError',
      /^3:8: shell_environment_policy\.filters\."a\*": is there already: /,
    ],
  ] as const)('has its first fault told with its place: %s', (...[, texts, field, code, message]) => {
    expect(findManagedFault(CODEX, { name: 'company', ...texts })).toEqual({
      field,
      code,
      message: expect.stringMatching(message),
    })
  })

  it('is read in the format of its runtime', () => {
    const texts = { name: 'company', config: '{"a": 1}' }
    expect(findManagedFault(plainProfile('gemini', 'json'), texts)).toBeNull()
    expect(findManagedFault(plainProfile('gemini', 'toml'), texts)?.code).toBe('configSyntaxError')
  })
})

describe('the profile of a registered runtime', () => {
  it('is its own where the file has the format that is known of it', () => {
    expect(CODEX.isKnownKey(['no_such_setting'])).toBe(false)
  })

  it('knows nothing where the registry says another format, or another name', () => {
    expect(registeredProfile('codex', 'json').isKnownKey(['no_such_setting'])).toBe(true)
    expect(registeredProfile('gemini', 'toml').isKnownKey(['no_such_setting'])).toBe(true)
  })
})
