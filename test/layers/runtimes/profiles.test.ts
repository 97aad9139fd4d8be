import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { plainProfile } from '#layers/runtimes/plain.ts'
import { profileFor } from '#layers/runtimes/profiles.ts'
import { anyTable } from '#test/layers/any-config.ts'

it.each([
  ['codex', 'toml'],
  ['claude', 'json'],
])('%s has a profile of its own, for %s', (runtime, format) => {
  expect(profileFor(runtime)).toMatchObject({ runtime, format, rules: { runtime } })
})

it.each(['gemini', '', '__proto__', 'constructor'])('%j has none', (runtime) => {
  expect(profileFor(runtime)).toBe(null)
})

it('a release is handed on', () => {
  expect(profileFor('codex', '0.128')?.rules.keyPaths).toBe('plain')
})

it('the profile of any other runtime knows every key and rewrites nothing', () => {
  const profile = plainProfile('gemini', 'json')
  fc.assert(
    fc.property(anyTable(), (table) => {
      expect(profile.normalise(table, '/')).toBe(table)
      expect(profile.findTypeFault(table)).toBe(null)
      expect(profile.isKnownKey([...table.keys()])).toBe(true)
    }),
  )
  expect(profile.isSecretKey(['api_key'])).toBe(true)
})
