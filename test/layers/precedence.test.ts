import { describe, expect, it } from 'vitest'

import type { LayerType } from '#layers/layer.ts'
import { OBSERVED_CODEX, rulesFor } from '#layers/precedence.ts'

import { refusalOf } from './refusals.ts'

describe('the rules of a release', () => {
  it.each(OBSERVED_CODEX)('say nothing beside themselves for %s, which was observed', (release) => {
    const { cliVersion, notice } = rulesFor('codex', release)
    expect({ cliVersion, notice }).toEqual({ cliVersion: release, notice: null })
  })

  it('are those of the newest observed release when none is asked for', () => {
    expect(rulesFor('codex')).toEqual(rulesFor('codex', '0.169.0'))
  })

  it.each(['0.128', 'v0.128.0', ' 0.128.0 ', '0.128.0+build.5'])('are found for %j too', (release) => {
    const { cliVersion, ...rules } = rulesFor('codex', release)
    const { cliVersion: _, ...expected } = rulesFor('codex', '0.128.0')
    expect(rules).toEqual(expected)
    expect(cliVersion.startsWith('0.128')).toBe(true)
  })

  it.each([
    ['0.1.0', 'older than 0.128.0', '0.128.0'],
    ['0.128.0-alpha.1', 'older than 0.128.0', '0.128.0'],
    ['0.128.1', 'between 0.128.0 and 0.169.0', '0.128.0'],
    ['0.129.0', 'between 0.128.0 and 0.169.0', '0.169.0'],
    ['0.169.0-alpha.3', 'between 0.128.0 and 0.169.0', '0.169.0'],
    ['0.169.1', 'newer than 0.169.0', '0.169.0'],
    ['0.170.0-alpha.3', 'newer than 0.169.0', '0.169.0'],
    ['1.0', 'newer than 0.169.0', '0.169.0'],
  ])('say of %s that it is %s', (release, relation, observed) => {
    const { cliVersion, notice, ...rules } = rulesFor('codex', release)
    const { cliVersion: _, notice: __, ...expected } = rulesFor('codex', observed)
    expect({ cliVersion, rules }).toEqual({ cliVersion: release, rules: expected })
    expect(notice).toContain(relation)
    expect(notice).toContain(`the rules of ${observed} are used`)
  })

  it.each(['', 'newest', '0', '0.128.x', '0.128.0.1', '-1.2.3', '0.1 2.3', '0.128.0\n0.169.0'])(
    'are refused for %j, which is no version',
    (release) => {
      expect(refusalOf(() => rulesFor('codex', release))).toMatchObject({ code: 'cliVersionInvalid' })
    },
  )

  it('never show what came in place of a version', () => {
    expect(refusalOf(() => rulesFor('codex', 'sk-secret'))?.message).not.toContain('sk-secret')
  })
})

describe('what a project may not set', () => {
  it('is nothing in the older release', () => {
    expect(rulesFor('codex', '0.128.0').projectStripped).toEqual([])
  })

  it('is where requests go and what runs in the newer one', () => {
    expect(
      rulesFor('codex', '0.169.0')
        .projectStripped.map((path) => path.join('.'))
        .toSorted(),
    ).toEqual([
      'apps_mcp_product_sku',
      'chatgpt_base_url',
      'experimental_realtime_webrtc_call_base_url',
      'experimental_realtime_ws_base_url',
      'features.respect_system_proxy',
      'model_provider',
      'model_providers',
      'notify',
      'openai_base_url',
      'otel',
      'profile',
      'profiles',
    ])
  })
})

describe('the precedence of layers', () => {
  it.each<[string, string, readonly LayerType[]]>([
    [
      'codex',
      '0.128.0',
      [
        'mdm',
        'system',
        'user',
        'project',
        'sessionFlags',
        'legacyManagedConfigTomlFromFile',
        'managedRuntimeConfig',
        'legacyManagedConfigTomlFromMdm',
      ],
    ],
    [
      'codex',
      '0.169.0',
      [
        'packagedDefaults',
        'mdm',
        'system',
        'enterpriseManaged',
        'user',
        'project',
        'sessionFlags',
        'legacyManagedConfigTomlFromFile',
        'managedRuntimeConfig',
        'legacyManagedConfigTomlFromMdm',
      ],
    ],
    [
      'claude',
      '2.1.0',
      ['user', 'projectFile', 'localFile', 'sessionFlags', 'managedRuntimeConfig', 'managedFile'],
    ],
    [
      'other',
      '1.0.0',
      ['user', 'projectFile', 'localFile', 'sessionFlags', 'managedFile', 'managedRuntimeConfig'],
    ],
  ])('of %s %s runs from the lowest to the highest', (runtime, release, expected) => {
    const { precedence } = rulesFor(runtime, release)
    const lowToHigh = Object.entries(precedence).sort(([, one], [, other]) => one - other)
    expect(lowToHigh.map(([type]) => type)).toEqual(expected)
  })

  it('renames nothing for a runtime that nobody has observed', () => {
    expect(rulesFor('other')).toMatchObject({
      runtime: 'other',
      cliVersion: 'any',
      notice: null,
      aliases: [],
      keyForms: [],
      switches: [],
      mergesEnvironmentFilters: false,
      unwritableKeys: [],
      projectStripped: [],
    })
  })
})
