import { LayersError } from './errors.ts'
import type { LayerType } from './layer.ts'
import type { LayerRules, Switch } from './rules.ts'

/** The releases of codex that the recorded cases were taken from; everything else is said to be a guess. */
export const OBSERVED_CODEX = ['0.128.0', '0.169.0'] as const

/** What a set of rules says beside the release that was asked for and the notice about it. */
type RuleSet = Omit<LayerRules, 'cliVersion' | 'notice'>

/** Rules that hold from one release on, until the next set of the list begins. */
interface ReleaseRange {
  /** First release that the rules are used for, as numbers; the first of a list also serves everything older. */
  readonly from: readonly [major: number, minor: number, patch: number]
  /** The release that the rules were seen on. */
  readonly observed: string
  readonly rules: RuleSet
}

const CODEX_PRECEDENCE = {
  mdm: 0,
  system: 10,
  user: 20,
  project: 25,
  sessionFlags: 30,
  legacyManagedConfigTomlFromFile: 40,
  // Ours: an administrator of the server outranks the managed file of one machine, but not its device management.
  managedRuntimeConfig: 45,
  legacyManagedConfigTomlFromMdm: 50,
} as const satisfies Partial<Record<LayerType, number>>

const MEMORIES_ALIAS = {
  table: ['memories'],
  legacy: 'no_memories_if_mcp_or_web_search',
  canonical: 'disable_on_external_context',
} as const

/** Features that may be a table of settings, as seen on codex 0.169.0; of other features a table replaces the boolean. */
const FEATURE_SWITCHES: readonly Switch[] = [
  ...switchesOf(['multi_agent_v2', 'code_mode', 'sleep_tool', 'runtime_agent_instances'], false),
  ...switchesOf(['network_proxy'], true),
]

function switchesOf(names: readonly string[], keepsOrigin: boolean): readonly Switch[] {
  return names.flatMap((name) => [
    { path: ['features', name], key: 'enabled', keepsOrigin },
    { path: ['profiles', '*', 'features', name], key: 'enabled', keepsOrigin },
  ])
}

const CODEX_128: RuleSet = {
  runtime: 'codex',
  precedence: CODEX_PRECEDENCE,
  aliases: [MEMORIES_ALIAS],
  keyForms: [],
  switches: [],
  mergesEnvironmentFilters: false,
  arrays: 'replaced',
  replacedWhole: [],
  keyPaths: 'plain',
  deleteBelowNothing: 'configPathNotFound',
  reportsOverride: 'any-difference',
  newTableOrder: 'sorted',
  unwritableKeys: [],
  requirements: {
    composition: 'first-source',
    sources: ['cloud', 'managedPreferences', 'system', 'legacyManagedPreferences', 'legacyManagedFile'],
    automaticReviewer: 'guardian_subagent',
  },
  readOrder: ['requirements', 'managed', 'system', 'user', 'project'],
  doubleUnderscore: 'second',
  rootFlags: 'dropped',
  projectStripped: [],
  untrustedWording: 'user-config',
}

const CODEX_169: RuleSet = {
  runtime: 'codex',
  precedence: { packagedDefaults: -10, enterpriseManaged: 15, ...CODEX_PRECEDENCE },
  aliases: [
    MEMORIES_ALIAS,
    { table: ['agents'], legacy: 'max_threads', canonical: 'max_concurrent_threads_per_session' },
  ],
  keyForms: [
    { table: ['permissions', '*', 'network', 'domains'], form: 'host-name' },
    { table: ['shell_environment_policy', 'filters'], form: 'lower-case' },
  ],
  switches: FEATURE_SWITCHES,
  mergesEnvironmentFilters: true,
  arrays: 'replaced',
  replacedWhole: [],
  keyPaths: 'quoted',
  deleteBelowNothing: 'ok',
  reportsOverride: 'higher-layer',
  newTableOrder: 'as-given',
  unwritableKeys: ['profile', 'profiles'],
  requirements: {
    composition: 'merged',
    sources: ['managedPreferences', 'legacyManagedPreferences', 'legacyManagedFile', 'cloud', 'system'],
    automaticReviewer: 'auto_review',
  },
  readOrder: ['managed', 'system', 'requirements', 'user', 'project'],
  doubleUnderscore: 'first',
  rootFlags: 'joined',
  projectStripped: [
    ['model_provider'],
    ['model_providers'],
    ['notify'],
    ['profile'],
    ['profiles'],
    ['otel'],
    ['openai_base_url'],
    ['chatgpt_base_url'],
    ['experimental_realtime_webrtc_call_base_url'],
    ['experimental_realtime_ws_base_url'],
    ['apps_mcp_product_sku'],
    ['features', 'respect_system_proxy'],
  ],
  untrustedWording: 'effective-configuration',
}

/** Oldest first. Between the two observed releases nothing was seen, so the newer rules begin right after the older one. */
const CODEX_RELEASES: readonly [ReleaseRange, ...ReleaseRange[]] = [
  { from: [0, 0, 0], observed: '0.128.0', rules: CODEX_128 },
  { from: [0, 129, 0], observed: '0.169.0', rules: CODEX_169 },
]

/** What a runtime gets whose files nobody has observed: everything plain, nothing renamed, today's way of writing. */
const PLAIN: Omit<RuleSet, 'runtime' | 'precedence'> = {
  ...CODEX_169,
  aliases: [],
  keyForms: [],
  switches: [],
  mergesEnvironmentFilters: false,
  unwritableKeys: [],
  projectStripped: [],
}

const PLAIN_PRECEDENCE = {
  user: 20,
  projectFile: 25,
  localFile: 27,
  sessionFlags: 30,
  managedFile: 40,
  managedRuntimeConfig: 45,
} as const satisfies Partial<Record<LayerType, number>>

/**
 * How Claude Code joins its settings: its documentation says that arrays are concatenated without repetitions, and that a
 * chain of models is taken whole from the highest file; so are single marketplaces.
 */
const CLAUDE: Omit<RuleSet, 'runtime' | 'precedence'> = {
  ...PLAIN,
  arrays: 'joined',
  replacedWhole: [['fallbackModel'], ['modelPicker'], ['extraKnownMarketplaces', '*']],
}

/** Claude lets nothing pass its managed file, the server neither. */
const CLAUDE_PRECEDENCE = { ...PLAIN_PRECEDENCE, managedRuntimeConfig: 45, managedFile: 50 } as const

/**
 * Finds the rules by which a release of a CLI treats its layers: the one place that knows of releases.
 *
 * A runtime without rules of its own gets plain ones. A release that nobody observed gets the nearest rules that are
 * believed to fit and a `notice` that says so.
 *
 * @param runtime name of the Runtime, `codex` or `claude` or any other
 * @param cliVersion `0.128`, `0.169.0` or `0.170.0-alpha.2`; without it the newest release that was observed
 * @throws LayersError `cliVersionInvalid` when it is no version
 */
export function rulesFor(runtime: string, cliVersion?: string): LayerRules {
  const release = cliVersion === undefined ? null : parseRelease(cliVersion)
  if (runtime === 'codex') return codexRules(release)
  const [rules, precedence] = runtime === 'claude' ? [CLAUDE, CLAUDE_PRECEDENCE] : [PLAIN, PLAIN_PRECEDENCE]
  return { ...rules, runtime, precedence, cliVersion: release?.text ?? 'any', notice: null }
}

interface Release {
  readonly text: string
  readonly numbers: readonly [major: number, minor: number, patch: number]
  readonly isPreview: boolean
}

const RELEASE = /^v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/

function parseRelease(text: string): Release {
  const match = RELEASE.exec(text.trim())
  if (match === null) {
    throw new LayersError(
      'cliVersionInvalid',
      'expected the version of a CLI such as 0.169.0, got something else',
    )
  }
  const [whole, major, minor, patch, preview] = match
  return {
    text: whole.replace(/^v/, ''),
    numbers: [Number(major), Number(minor), Number(patch ?? 0)],
    isPreview: preview !== undefined,
  }
}

/**
 * The observed release whose rules a release of codex gets: one of {@link OBSERVED_CODEX}.
 *
 * @throws LayersError `cliVersionInvalid` when it is no version
 */
export function observedCodex(cliVersion?: string): string {
  return rangeOf(cliVersion === undefined ? null : parseRelease(cliVersion)).observed
}

function rangeOf(release: Release | null): ReleaseRange {
  if (release === null) return newestRange()
  return CODEX_RELEASES.findLast((each) => isFrom(release, each)) ?? CODEX_RELEASES[0]
}

function codexRules(release: Release | null): LayerRules {
  const { observed, rules } = rangeOf(release)
  const notice = release === null ? null : noticeOf(release, observed)
  return { ...rules, cliVersion: release?.text ?? observed, notice }
}

function newestRange(): ReleaseRange {
  return CODEX_RELEASES.at(-1) ?? CODEX_RELEASES[0]
}

function isFrom(release: Release, range: ReleaseRange): boolean {
  return compareNumbers(release.numbers, range.from) >= 0
}

/** Says in a sentence what is not known about a release, or null for one that was observed. */
function noticeOf(release: Release, observed: string): string | null {
  const [oldest, newest] = OBSERVED_CODEX
  const relation = compareReleases(release, parseRelease(observed))
  if (relation === 0) return null
  const rules = `the rules of ${observed} are used`
  if (observed === newest && relation > 0) {
    return `codex ${release.text} is newer than ${newest}, the newest release that was observed: ${rules}`
  }
  if (compareReleases(release, parseRelease(oldest)) < 0) {
    return `codex ${release.text} is older than ${oldest}, the oldest release that was observed: ${rules}`
  }
  return `codex ${release.text} lies between ${oldest} and ${newest} and was not observed: ${rules}`
}

function compareReleases(one: Release, other: Release): number {
  const difference = compareNumbers(one.numbers, other.numbers)
  return difference === 0 ? Number(other.isPreview) - Number(one.isPreview) : difference
}

function compareNumbers(one: Release['numbers'], other: Release['numbers']): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2]
}
