import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readJson } from '#layers/json/read.ts'
import { toTomlValue } from '#layers/json/values.ts'
import { claudeProfile } from '#layers/runtimes/claude.ts'
import { isTable, type TomlTable } from '#layers/value.ts'
import { anyTable } from '#test/layers/any-config.ts'

const PROFILE = claudeProfile()

function settings(text: string): TomlTable {
  const value = toTomlValue(readJson(text))
  return isTable(value) ? value : new Map()
}

it('claude rewrites nothing that fits', () => {
  const config = settings(
    '{"statusLine": {"type": "command", "command": "x", "padding": 1}, "cleanupPeriodDays": 20, "plansDirectory": "./plans"}',
  )
  expect(PROFILE.normalise(config, '/base', '/home')).toBe(config)
  fc.assert(
    fc.property(anyTable(), (table) => {
      expect(PROFILE.normalise(table, '/base')).toBe(table)
    }),
  )
})

describe('the type faults of claude', () => {
  it.each<[string, string, string]>([
    ['{"model": 5}', 'model', 'expected a string, got an integer'],
    ['{"permissions": {"allow": "Read"}}', 'permissions.allow', 'expected an array, got a string'],
    [
      '{"hooks": {"Stop": [{"hooks": [{"timeout": "5"}]}]}}',
      'hooks.Stop.0.hooks.0.timeout',
      'expected a number, got a string',
    ],
    ['{"env": {"A": []}}', 'env.A', 'expected a string or a number or a boolean, got an array'],
    ['{"sandbox": true}', 'sandbox', 'expected a table, got a boolean'],
  ])('tells of %s where and what is wrong', (text, path, reason) => {
    expect(PROFILE.findTypeFault(settings(text))).toEqual({ path: path.split('.'), reason })
  })

  it.each([
    '{"timeout": "any"}',
    '{"permissions": {"defaultMode": "new-mode"}}',
    '{"cleanupPeriodDays": 1.5}',
  ])('passes %s', (text) => {
    expect(PROFILE.findTypeFault(settings(text))).toBe(null)
  })
})

describe('what claude knows', () => {
  it.each([
    ['model', true],
    ['permissions.allow', true],
    ['permissions.alow', false],
    ['env.ANYTHING', true],
    ['hooks.PreToolUse', true],
    ['hooks.PreTool', false],
    ['enabledPlugins.x@y', true],
    ['sandbox.network.allowedDomains', true],
    ['modle', false],
  ])('of %s is %j', (path, expected) => {
    expect(PROFILE.isKnownKey(path.split('.'))).toBe(expected)
  })
})
