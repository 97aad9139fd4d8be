import type { LayerRules } from '#layers/rules.ts'

/** The settings whose values requirements can limit to a list. */
export type LimitedSetting = 'approval_policy' | 'approvals_reviewer' | 'sandbox_mode' | 'web_search'

/** A list of allowed words: one setting of the config that is limited by one key of the requirements. */
export interface AllowedField {
  /** Key in the requirements' text. */
  readonly key: string
  /** Key in the answer of the API. */
  readonly wire: string
  readonly setting: LimitedSetting
  /** Word that is always allowed, added at the end when a source leaves it out. */
  readonly always?: string
  /** Word without which the CLI cannot work; a list that lacks it is refused. */
  readonly needed?: string
  /** Whether a list without words is refused. */
  readonly refusesEmpty: boolean
  /** Words that limit nothing a person can choose; the API leaves them out. */
  readonly hidden: readonly string[]
}

/** The list that entries for remote hosts replace. */
export const SANDBOX_FIELD: AllowedField = {
  key: 'allowed_sandbox_modes',
  wire: 'allowedSandboxModes',
  setting: 'sandbox_mode',
  needed: 'read-only',
  refusesEmpty: false,
  hidden: ['external-sandbox'],
}

/** Every list of allowed words, in the order of the API's answer (spec 07 §16). */
export const ALLOWED_FIELDS: readonly AllowedField[] = [
  {
    key: 'allowed_approval_policies',
    wire: 'allowedApprovalPolicies',
    setting: 'approval_policy',
    refusesEmpty: true,
    hidden: [],
  },
  {
    key: 'allowed_approvals_reviewers',
    wire: 'allowedApprovalsReviewers',
    setting: 'approvals_reviewer',
    refusesEmpty: true,
    hidden: [],
  },
  SANDBOX_FIELD,
  {
    key: 'allowed_web_search_modes',
    wire: 'allowedWebSearchModes',
    setting: 'web_search',
    always: 'disabled',
    refusesEmpty: false,
    hidden: [],
  },
]

/** The two spellings of the table of features; a source may use one of them. */
export const FEATURE_KEYS = ['features', 'feature_requirements'] as const

/** Words that a setting knows, each with the spelling that the CLI shows for it. */
export type KnownWords = ReadonlyMap<string, string>

/** The words of a setting under a set of rules. */
export function wordsOf(setting: LimitedSetting, rules: LayerRules['requirements']): KnownWords {
  const words = WORDS[rules.composition][setting]
  if (setting !== 'approvals_reviewer') return words
  return new Map([...words, ...AUTOMATIC.map((word) => [word, rules.automaticReviewer] as const)])
}

/** The residencies that can be required. */
export const RESIDENCIES: KnownWords = asWritten('us')

const AUTOMATIC = ['auto_review', 'guardian_subagent'] as const

const SEED_WORDS: Readonly<Record<LimitedSetting, KnownWords>> = {
  approval_policy: asWritten('untrusted', 'on-failure', 'on-request', 'never'),
  approvals_reviewer: asWritten('user'),
  sandbox_mode: asWritten('read-only', 'workspace-write', 'danger-full-access', 'external-sandbox'),
  web_search: asWritten('disabled', 'cached', 'live'),
}

// Seen on 0.128.0 and 0.169.0, whose rule sets differ in how sources are composed.
const WORDS: Readonly<
  Record<LayerRules['requirements']['composition'], Readonly<Record<LimitedSetting, KnownWords>>>
> = {
  'first-source': SEED_WORDS,
  merged: {
    ...SEED_WORDS,
    approval_policy: new Map([...SEED_WORDS.approval_policy, ['on-failure', 'on-request']]),
    web_search: asWritten('disabled', 'cached', 'indexed', 'live'),
  },
}

function asWritten(...words: readonly string[]): KnownWords {
  return new Map(words.map((word) => [word, word]))
}
