import { describe, expect, it } from 'vitest'

import { rulesFor } from '#layers/precedence.ts'
import { checkRequirements, type RequirementViolation } from '#layers/requirements/requirements-check.ts'
import { requirementsTitle } from '#layers/requirements/requirements-source.ts'
import { composeRequirements } from '#layers/requirements/requirements.ts'
import { readToml } from '#layers/toml/read.ts'

const SOURCE = { type: 'managedRuntimeConfig', name: 'team-a' } as const

function check(
  requirements: string,
  config: string,
  cliVersion = '0.169.0',
): readonly RequirementViolation[] {
  const layer = { source: SOURCE, table: readToml(requirements), text: requirements }
  return checkRequirements(
    composeRequirements([layer], rulesFor('codex', cliVersion), null),
    readToml(config),
  )
}

describe('a configuration against requirements', () => {
  it('is told what was set, what is allowed and by whom', () => {
    expect(
      check(
        'allowed_sandbox_modes = ["read-only", "workspace-write"]',
        'sandbox_mode = "danger-full-access"',
      ),
    ).toEqual([
      {
        path: ['sandbox_mode'],
        key: 'sandbox_mode',
        set: 'danger-full-access',
        allowed: ['read-only', 'workspace-write'],
        source: SOURCE,
        message:
          'sandbox_mode is danger-full-access, and ManagedRuntimeConfig team-a allows only read-only, workspace-write',
      },
    ])
  })

  it.each([
    ['approval_policy = "never"', 'approval_policy is never, and … allows only on-request'],
    ['approvals_reviewer = "auto_review"', 'approvals_reviewer is auto_review, and … allows only user'],
    ['web_search = "live"', 'web_search is live, and … allows only cached, disabled'],
    ['[features]\n"a.b" = true', 'features."a.b" is true, and … allows only false'],
    ['[features]\n"a.b" = "s3cret"', 'features."a.b" is a string, and … allows only false'],
    ['sandbox_mode = "s3cret"', 'sandbox_mode is a string, and … allows only read-only'],
    ['sandbox_mode = 5', 'sandbox_mode is an integer, and … allows only read-only'],
    ['web_search = ["s3cret"]', 'web_search is an array, and … allows only cached, disabled'],
    [
      'approval_policy = { granular = { rules = true, mcp_elicitations = true, sandbox_approval = true } }',
      'approval_policy is granular, and … allows only on-request',
    ],
  ])('does not allow %s, and never repeats a value that is no known word', (config, message) => {
    const requirements = `
      allowed_approval_policies = ["on-failure"]
      allowed_approvals_reviewers = ["user"]
      allowed_sandbox_modes = ["read-only"]
      allowed_web_search_modes = ["cached"]
      [features]
      "a.b" = false`
    expect(check(requirements, config).map((violation) => violation.message)).toEqual([
      message.replace('…', 'ManagedRuntimeConfig team-a'),
    ])
  })

  it.each([
    ['a setting that is absent', 'allowed_sandbox_modes = ["read-only"]', 'other = 1'],
    ['an allowed word', 'allowed_sandbox_modes = ["read-only"]', 'sandbox_mode = "read-only"'],
    [
      'an older spelling of one',
      'allowed_approval_policies = ["on-request"]',
      'approval_policy = "on-failure"',
    ],
    ['a search switched off', 'allowed_web_search_modes = []', 'web_search = "disabled"'],
    ['a feature as required', '[features]\nx = true', '[features]\nx = true'],
    ['features that are no table', '[features]\nx = true', 'features = 1'],
    [
      'granular approvals that differ in defaults only',
      'allowed_approval_policies=[{granular={mcp_elicitations=true,rules=true,sandbox_approval=true}}]',
      'approval_policy={granular={sandbox_approval=true,rules=true,mcp_elicitations=true,skill_approval=false}}',
    ],
    ['anything where nothing is required', '', 'sandbox_mode = "danger-full-access"'],
  ])('allows %s', (_what, requirements, config) => {
    expect(check(requirements, config)).toEqual([])
  })

  it('knows an older spelling as a word of its own where a release does', () => {
    const violations = check(
      'allowed_approval_policies = ["on-request"]',
      'approval_policy = "on-failure"',
      '0.128.0',
    )
    expect(violations.map(({ set }) => set)).toEqual(['on-failure'])
  })
})

describe('the name of a source of requirements', () => {
  it.each([
    [{ type: 'system', file: '/etc/codex/requirements.toml' }, '/etc/codex/requirements.toml'],
    [{ type: 'legacyManagedFile', file: '/etc/codex/managed_config.toml' }, '/etc/codex/managed_config.toml'],
    [{ type: 'cloud', name: 'org' }, 'cloud requirements org'],
    [SOURCE, 'ManagedRuntimeConfig team-a'],
    [{ type: 'managedPreferences', domain: 'd', key: 'k' }, 'managed preferences d k'],
    [{ type: 'legacyManagedPreferences', domain: 'd', key: 'k' }, 'managed preferences d k'],
  ] as const)('of %j is %s', (source, title) => {
    expect(requirementsTitle(source)).toBe(title)
  })
})
