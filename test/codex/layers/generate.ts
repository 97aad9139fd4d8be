import { Dice } from './dice.ts'
import { damage, spellDocument } from './random-document.ts'
import { addSettings } from './random-settings.ts'
import { type Node, randomKey, randomTable, randomWord, type TableOf } from './random-values.ts'
import { randomWrite, type WriteCase } from './random-writes.ts'

/** The files of a stack; one that is absent does not exist. `project` is that of the project's root, which is the `cwd`. */
export interface StackFiles {
  readonly user?: string
  readonly system?: string
  readonly managed?: string
  readonly requirements?: string
  readonly project?: string
}

/** One case: a stack, and writes one after the other. */
export interface StackCase {
  readonly seed: number
  /** Arguments `-c` of the process. */
  readonly flags: readonly string[]
  readonly files: StackFiles
  readonly writes: readonly WriteCase[]
}

const TRUST = (level: string): string => `\n[projects."/sandbox/proj"]\ntrust_level = "${level}"\n`

const REFUSED_FLAGS = [
  'x',
  '=1',
  ' =1',
  'model=5',
  'sandbox_mode=true',
  '\u0085=1',
  'model_context_window="a"',
] as const

/** Arguments that many stacks share, because a process has to be started for each set of them. */
export function randomFlags(seed: number): readonly string[] {
  const dice = new Dice(seed)
  if (dice.chance(0.25)) return []
  if (dice.chance(0.04)) return [dice.pick(REFUSED_FLAGS)]
  return dice
    .some(1, 4, () => {
      if (dice.chance(0.12))
        return dice.pick([
          'model="flag"',
          'mcp_servers.a.startup_timeout_sec=7',
          'features.x=true',
          'mcp_servers={}',
          'sandbox_mode=read-only',
          'memories.disable_on_external_context=true',
        ])
      const path = dice.some(1, 3, () => randomKey(dice).replaceAll('=', '')).join('.')
      return `${dice.chance(0.05) ? ' ' : ''}${path === '' ? 'x' : path}=${flagValue(dice)}`
    })
    .filter((flag) => !flag.includes('\u0000') && flag.split('=')[0]?.trim() !== '')
}

function flagValue(dice: Dice): string {
  return dice
    .pick([
      () =>
        dice.pick([
          '1',
          '2.5',
          'true',
          '"text"',
          "'lit'",
          'plain',
          '[1, 2]',
          '{ a = 1 }',
          '{}',
          '[]',
          'nan',
          '1979-05-27',
          '0xFF',
          '1e16',
        ]),
      () =>
        dice.pick([
          'hello world',
          'True',
          '01',
          '[a,b]',
          '99999999999999999999',
          '1,2',
          '',
          '""',
          '"a" b',
          'hi # c',
          '1 # c',
          '1\ny=2',
          '1\n_x_=2',
          '"x',
          "''",
          '{a=1',
          '[{k=1},{}]',
          '-0',
          '1_0',
          '.5',
        ]),
      () =>
        spellDocument(dice, { kind: 'table', entries: new Map([['_', randomTable(dice, 2)]]) }).replace(
          /^[^=]*=/u,
          '',
        ),
      () => randomWord(dice),
    ])()
    .replaceAll('\u0000', '')
}

/**
 * The files and writes of a seed.
 *
 * @param settingsShare how many stacks, of 1, hold settings that the CLI knows beside what it does not
 */
export function randomStack(seed: number, flags: readonly string[], settingsShare: number): StackCase {
  const dice = new Dice(seed)
  const settings = dice.chance(settingsShare)
  const user = table(dice, settings)
  const hasProject = dice.chance(0.12)
  const files: StackFiles = {
    ...(dice.chance(0.95) ? { user: document(dice, user) } : {}),
    ...(dice.chance(0.5) ? { system: document(dice, table(dice, settings)) } : {}),
    ...(dice.chance(0.6) ? { managed: document(dice, table(dice, settings)) } : {}),
    ...(dice.chance(0.06) ? { requirements: requirements(dice) } : {}),
    ...(hasProject ? { project: document(dice, table(dice, settings)) } : {}),
  }
  const paths = pathsOf(user)
  const writes = dice.some(1, 3, () => randomWrite(dice, paths))
  return { seed, flags, files: hasProject ? withTrust(dice, files) : files, writes }
}

function withTrust(dice: Dice, files: StackFiles): StackFiles {
  if (dice.chance(0.3) || files.user === undefined || files.user.includes('projects')) return files
  return { ...files, user: files.user + TRUST(dice.chance(0.7) ? 'trusted' : 'untrusted') }
}

function table(dice: Dice, settings: boolean): TableOf {
  const made = randomTable(dice, dice.between(2, 4))
  if (settings) addSettings(dice, made, dice.chance(0.08) ? 0.3 : 0)
  return made
}

function document(dice: Dice, made: TableOf): string {
  if (dice.chance(0.02)) return dice.pick(['', '\n', '# only a comment\n', '\uFEFF', ' '])
  const text = spellDocument(dice, made)
  return dice.chance(0.035) ? damage(dice, text) : text
}

function requirements(dice: Dice): string {
  const lines = [
    () =>
      `allowed_sandbox_modes = ${dice.pick(['["read-only"]', '["read-only", "workspace-write"]', '["workspace-write"]', '[]', '"x"'])}`,
    () =>
      `allowed_approval_policies = ${dice.pick(['["never"]', '["on-request", "never"]', '[]', '["zz"]'])}`,
    () => `allowed_web_search_modes = ${dice.pick(['["cached"]', '[]', '["live", "disabled"]'])}`,
    () => `allowed_approvals_reviewers = ${dice.pick(['["user"]', '["auto_review", "user"]'])}`,
    () => `unknown = 1`,
    () => `features = { a = ${dice.pick(['true', 'false'])} }`,
  ]
  const chosen = lines.filter(() => dice.chance(0.35)).map((line) => `${line()}\n`)
  return dice.chance(0.05) ? damage(dice, chosen.join('')) : chosen.join('')
}

/** The path of every value of a table, tables included. */
function pathsOf(node: Node, path: readonly string[] = []): readonly (readonly string[])[] {
  if (node.kind !== 'table') return [path]
  const below = [...node.entries].flatMap(([key, value]) => pathsOf(value, [...path, key]))
  return path.length === 0 ? below : [path, ...below]
}
