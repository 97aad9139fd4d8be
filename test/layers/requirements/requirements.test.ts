import { assert, constantFrom, property, shuffledSubarray } from 'fast-check'
import { describe, expect, it } from 'vitest'

import { LayersError } from '#layers/errors.ts'
import { rulesFor } from '#layers/precedence.ts'
import { chooseHostName } from '#layers/requirements/host-patterns.ts'
import { legacyRequirements } from '#layers/requirements/requirements-legacy.ts'
import type { RequirementsLayer, RequirementsSourceName } from '#layers/requirements/requirements-source.ts'
import {
  composeRequirements,
  needsHostName,
  type Requirements,
  toWireRequirements,
} from '#layers/requirements/requirements.ts'
import { readToml } from '#layers/toml/read.ts'
import { canonicalName, type RecordedHost } from '#test/layers/recorded-host.ts'
import { expectations, readVectors, type Vector } from '#test/layers/vectors.ts'

interface Input {
  readonly requirements?: string
  readonly managed?: string
  readonly host?: RecordedHost
}

type Expected = { readonly requirements: unknown } | { readonly exit: number } | { readonly error: unknown }

const SYSTEM = { type: 'system', file: '/etc/codex/requirements.toml' } as const
const LEGACY = { type: 'legacyManagedFile', file: '/etc/codex/managed_config.toml' } as const
const CLOUD = { type: 'cloud', name: 'org' } as const
const SERVER = { type: 'managedRuntimeConfig', name: 'team-a' } as const

function layer(source: RequirementsSourceName, text: string): RequirementsLayer {
  return { source, table: readToml(text), text }
}

function compose(
  layers: readonly RequirementsLayer[],
  { cliVersion = '0.169.0', hostName = null as string | null } = {},
): Requirements | null {
  return composeRequirements(layers, rulesFor('codex', cliVersion), hostName)
}

function composeRecorded(input: Input, cliVersion: string): unknown {
  const rules = rulesFor('codex', cliVersion).requirements
  const layers = [
    ...(input.requirements === undefined ? [] : [layer(SYSTEM, input.requirements)]),
    ...(input.managed === undefined ? [] : [legacyRequirements(layer(LEGACY, input.managed), { rules })]),
  ]
  const hostName =
    input.host === undefined ? null : chooseHostName(input.host.kernel, canonicalName(input.host))
  return toWireRequirements(compose(layers, { cliVersion, hostName }))
}

const RECORDED = readVectors<Vector<Input, Expected>>('requirements').flatMap((vector) =>
  expectations(vector).map(({ cliVersion, expected }) => ({
    name: vector.name,
    input: vector.input,
    cliVersion,
    expected,
  })),
)

describe('requirements as recorded', () => {
  it.each(RECORDED.filter(({ expected }) => 'requirements' in expected))(
    '$name under $cliVersion',
    ({ input, cliVersion, expected }) => {
      expect({ requirements: plain(composeRecorded(input, cliVersion)) }).toEqual(expected)
    },
  )

  it.each(RECORDED.filter(({ expected }) => !('requirements' in expected)))(
    '$name is refused under $cliVersion',
    ({ input, cliVersion }) => {
      const fault = refusal(() => composeRecorded(input, cliVersion))
      expect([fault.code, fault.place.path]).toEqual(['requirementsInvalid', SYSTEM.file])
    },
  )
})

describe('what a source may say', () => {
  it.each([
    [
      'a word in place of a list',
      'allowed_sandbox_modes="x"',
      '1:23: allowed_sandbox_modes: expected an array, got a string',
    ],
    [
      'an unknown word',
      'allowed_sandbox_modes=["s3cret","read-only"]',
      '1:24: allowed_sandbox_modes.0: expected one of "read-only", "workspace-write", "danger-full-access", "external-sandbox", got another word',
    ],
    [
      'a feature that is no boolean',
      '[features]\nx = 1',
      '2:5: features.x: expected a boolean, got an integer',
    ],
    ['features that are no table', 'features = 1', '1:12: features: expected a table, got an integer'],
    [
      'no reviewer at all',
      'allowed_approvals_reviewers = []',
      '1:31: allowed_approvals_reviewers: expected at least one value, got an empty list',
    ],
    [
      'an unknown residency',
      'enforce_residency = "mars"',
      '1:21: enforce_residency: expected one of "us", got another word',
    ],
    [
      'a number of entries for remote hosts',
      'remote_sandbox_config = 5',
      '1:25: remote_sandbox_config: expected an array, got an integer',
    ],
    [
      'an entry that is no table',
      'remote_sandbox_config = [5]',
      '1:26: remote_sandbox_config.0: expected a table, got an integer',
    ],
    [
      'a pattern that is no string',
      'remote_sandbox_config = [{ hostname_patterns = [1], allowed_sandbox_modes = [] }]',
      '1:49: remote_sandbox_config.0.hostname_patterns.0: expected a string, got an integer',
    ],
    [
      'a granular approval with a key missing',
      'allowed_approval_policies = [{ granular = { rules = true } }]',
      '1:30: allowed_approval_policies.0: expected one of "untrusted", "on-failure", "on-request", "never", got a table',
    ],
  ])('is not %s', (_what, text, message) => {
    expect(refusal(() => compose([layer(SYSTEM, text)])).message).toBe(`${SYSTEM.file}:${message}`)
  })

  it('does not end in an entry for another host that is wrong', () => {
    const text =
      'allowed_sandbox_modes=["read-only"]\n[[remote_sandbox_config]]\nhostname_patterns=["other"]\nallowed_sandbox_modes=["nope"]'
    expect(refusal(() => compose([layer(SYSTEM, text)])).place.range?.line).toBe(4)
  })

  it('needs both keys of an entry for remote hosts', () => {
    const text = '[[remote_sandbox_config]]\nhostname_patterns=["other"]'
    expect(refusal(() => compose([layer(SYSTEM, text)])).reason).toBe(
      'remote_sandbox_config.0: expected the key allowed_sandbox_modes, which is missing',
    )
  })

  it.each([
    [
      '0.169.0',
      {
        allowedApprovalsReviewers: ['auto_review', 'user', 'auto_review'],
        allowedApprovalPolicies: ['on-request', 'never'],
      },
    ],
    [
      '0.128.0',
      {
        allowedApprovalsReviewers: ['guardian_subagent', 'user', 'guardian_subagent'],
        allowedApprovalPolicies: ['on-failure', 'never'],
      },
    ],
  ])('is shown in the words of %s', (cliVersion, expected) => {
    const text =
      'allowed_approvals_reviewers=["auto_review","user","guardian_subagent"]\nallowed_approval_policies=["on-failure","never"]'
    expect(plain(toWireRequirements(compose([layer(SYSTEM, text)], { cliVersion })))).toEqual(expected)
  })

  it('is shown without the mode of a sandbox that a person cannot choose', () => {
    const text = 'allowed_sandbox_modes=["external-sandbox","read-only"]'
    expect(plain(toWireRequirements(compose([layer(SYSTEM, text)])))).toEqual({
      allowedSandboxModes: ['read-only'],
    })
  })

  it('is shown with every key of a granular approval', () => {
    const text =
      'allowed_approval_policies=[{granular={mcp_elicitations=true,rules=true,sandbox_approval=true}}]\nenforce_residency="us"'
    expect(plain(toWireRequirements(compose([layer(SYSTEM, text)])))).toEqual({
      allowedApprovalPolicies: [
        {
          granular: {
            sandbox_approval: true,
            rules: true,
            skill_approval: false,
            request_permissions: false,
            mcp_elicitations: true,
          },
        },
      ],
      enforceResidency: 'us',
    })
  })

  it('is told of by its first fault', () => {
    const text = '[features]\nx = 1\n[[remote_sandbox_config]]\nhostname_patterns = [1]'
    const moved = 'enforce_residency = "eu"\nallowed_sandbox_modes = [1]'
    expect(
      [text, moved].map((each) => refusal(() => compose([layer(SYSTEM, each)])).place.range?.line),
    ).toEqual([2, 1])
  })

  it('says a feature in one spelling', () => {
    const text = '[feature_requirements]\nx = true\n[features]\ny = true'
    expect(refusal(() => compose([layer(SYSTEM, text)])).message).toBe(
      `${SYSTEM.file}:3:1: features: a second spelling of feature_requirements; keep one of the two`,
    )
  })

  it('is shown with its features even where it names none, beside something else', () => {
    const wire = ['[features]', 'enforce_residency = "us"\n[features]'].map((text) =>
      plain(toWireRequirements(compose([layer(SYSTEM, text)]))),
    )
    expect(wire).toEqual([null, { featureRequirements: {}, enforceResidency: 'us' }])
  })

  it('can be about a feature with the name of a built-in', () => {
    const wire = toWireRequirements(
      compose([layer(SYSTEM, '[features]\n__proto__ = true\nconstructor = false')]),
    )
    expect(JSON.stringify(wire)).toBe('{"featureRequirements":{"__proto__":true,"constructor":false}}')
  })
})

describe('how sources of requirements are combined', () => {
  const system = layer(SYSTEM, 'allowed_web_search_modes = ["live"]\n[features]\na = true\nb = true')
  const cloud = layer(CLOUD, 'allowed_web_search_modes = ["cached"]\n[features]\nb = false')

  it('merges tables and replaces lists where a release does so', () => {
    expect(compose([system, cloud])).toMatchObject({
      lists: new Map([['allowed_web_search_modes', { value: ['cached', 'disabled'], source: CLOUD }]]),
      features: new Map([
        ['a', { value: true, source: SYSTEM }],
        ['b', { value: false, source: CLOUD }],
      ]),
    })
  })

  it('takes each key whole from the strongest source where a release does so', () => {
    expect(compose([system, cloud], { cliVersion: '0.128.0' })).toMatchObject({
      features: new Map([['b', { value: false, source: CLOUD }]]),
    })
  })

  it.each(['0.128.0', '0.169.0'])(
    'lets the server win over every source of the CLI under %s',
    (cliVersion) => {
      const rules = rulesFor('codex', cliVersion).requirements
      const legacy = legacyRequirements(layer(LEGACY, 'sandbox_mode = "danger-full-access"'), { rules })
      const server = layer(SERVER, 'allowed_sandbox_modes = ["read-only"]')
      expect(compose([server, legacy, cloud], { cliVersion })?.lists.get('allowed_sandbox_modes')).toEqual({
        value: ['read-only'],
        source: SERVER,
      })
    },
  )

  it('lets the later of two of one kind win', () => {
    const other = { ...SERVER, name: 'team-b' }
    const layers = [layer(SERVER, 'enforce_residency = "us"'), layer(other, 'enforce_residency = "us"')]
    expect(compose(layers)?.residency?.source).toEqual(other)
  })

  it('does not depend on the order in which sources of different kinds are handed in', () => {
    const preferences = { type: 'managedPreferences', domain: 'd', key: 'k' } as const
    const layers = [
      system,
      cloud,
      layer(SERVER, '[features]\na = false\nc = true'),
      layer(LEGACY, 'allowed_sandbox_modes = ["read-only"]'),
      layer(preferences, 'allowed_sandbox_modes = ["read-only", "workspace-write"]\n[features]\nc = false'),
    ]
    const versions = constantFrom('0.128.0', '0.169.0')
    assert(
      property(shuffledSubarray(layers), versions, (some, cliVersion) => {
        const inOrder = layers.filter((each) => some.includes(each))
        expect(compose(some, { cliVersion })).toEqual(compose(inOrder, { cliVersion }))
      }),
    )
  })

  it('settles entries for remote hosts before sources meet', () => {
    const remote = layer(
      CLOUD,
      '[[remote_sandbox_config]]\nhostname_patterns=["build-*"]\nallowed_sandbox_modes=["read-only","workspace-write"]',
    )
    const plainList = layer(SYSTEM, 'allowed_sandbox_modes = ["read-only"]')
    const modesOn = (hostName: string | null): unknown =>
      compose([plainList, remote], { hostName })?.lists.get('allowed_sandbox_modes')?.value
    expect([modesOn('build-1'), modesOn('other'), modesOn(null)]).toEqual([
      ['read-only', 'workspace-write'],
      ['read-only'],
      ['read-only'],
    ])
  })

  it('needs the name of the host only for entries for remote hosts, and then for empty ones too', () => {
    expect([
      needsHostName([system, cloud]),
      needsHostName([layer(SYSTEM, 'remote_sandbox_config = []')]),
    ]).toEqual([false, true])
  })
})

describe('a managed config as requirements', () => {
  const { requirements: rules } = rulesFor('codex')

  it.each([
    ['sandbox_mode = "read-only"', { allowedSandboxModes: ['read-only'] }],
    ['sandbox_mode = "workspace-write"', { allowedSandboxModes: ['read-only', 'workspace-write'] }],
    ['approval_policy = "on-failure"', { allowedApprovalPolicies: ['on-request'] }],
    ['approvals_reviewer = "user"', { allowedApprovalsReviewers: ['user'] }],
    ['approvals_reviewer = "guardian_subagent"', { allowedApprovalsReviewers: ['auto_review', 'user'] }],
    ['web_search = "live"\n[features]\nx = true', null],
    ['[[remote_sandbox_config]]\nhostname_patterns = []\nallowed_sandbox_modes = []', null],
  ])('turns %s into %o', (text, expected) => {
    const converted = legacyRequirements(layer(LEGACY, text), { rules })
    expect([needsHostName([converted]), plain(toWireRequirements(compose([converted])))]).toEqual([
      false,
      expected,
    ])
  })

  it.each(['approval_policy="zz"', 'sandbox_mode=5'])('refuses %s with its place', (text) => {
    const fault = refusal(() => legacyRequirements(layer(LEGACY, `a = 1\n${text}`), { rules }))
    expect([fault.code, fault.place.path, fault.place.range?.line]).toEqual([
      'requirementsInvalid',
      LEGACY.file,
      2,
    ])
  })
})

function plain(wire: unknown): unknown {
  return JSON.parse(JSON.stringify(wire)) as unknown
}

function refusal(act: () => unknown): LayersError {
  try {
    act()
  } catch (error) {
    if (error instanceof LayersError) return error
    throw error
  }
  throw new Error('nothing was refused')
}
