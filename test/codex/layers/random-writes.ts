import type { Dice } from './dice.ts'
import { quotedSegment } from './effective.ts'
import { randomKey, randomWord } from './random-values.ts'

/** An edit as it is sent. `value` is JSON as text, so that a number keeps its spelling. */
export interface EditCase {
  readonly keyPath: string
  readonly value: string
  readonly mergeStrategy: 'replace' | 'upsert'
}

/** A call of the write API. */
export interface WriteCase {
  readonly edits: readonly EditCase[]
  /** One edit may also be sent as a batch. */
  readonly isBatch: boolean
  /** `current` stands for the version of the moment; absent means not sent. */
  readonly expectedVersion?: string | null
  readonly filePath?: string
}

const NUMBERS = [
  '0',
  '1',
  '2',
  '-1',
  '42',
  '1.0',
  '0.5',
  '-0.0',
  '3.14',
  '9223372036854775807',
  '-9223372036854775808',
  '9007199254740993',
  '100000.0',
  '0.1',
  '10',
] as const
const HARD_NUMBERS = [
  '9223372036854775808',
  '1e3',
  '1.5e300',
  '1e-7',
  '123456789012345678901234.5',
  '-9223372036854775809',
  '0.1234567890123456789',
  '1E+2',
  '-0',
] as const
const DATES = [
  '1979-05-27T07:32:00Z',
  '1979-05-27',
  '07:32:00',
  '1979-05-27 07:32',
  'nope',
  '1979-13-01',
] as const
const BAD_PATHS = [
  '',
  ' ',
  '.',
  'a.',
  '.a',
  'a..b',
  '"',
  '"a',
  'a"b',
  '"a"b',
  "'a.b'",
  'a."b',
  '"a\\',
  ' a',
  'a . b',
  '"".a',
  '"a".',
  'a\\.b',
  '[0]',
] as const

/** A call that edits below the paths that the user layer has, and beside them. */
export function randomWrite(dice: Dice, paths: readonly (readonly string[])[]): WriteCase {
  const isBatch = dice.chance(0.3)
  const edits = dice.some(1, isBatch ? 3 : 1, () => randomEdit(dice, paths))
  return {
    edits: isBatch && dice.chance(0.03) ? [] : edits,
    isBatch,
    ...(dice.chance(0.3)
      ? { expectedVersion: dice.chance(0.7) ? 'current' : dice.pick([null, '', 'sha256:0', 'x']) }
      : {}),
    ...(dice.chance(0.05) ? { filePath: dice.pick(FILE_PATHS) } : {}),
  }
}

const FILE_PATHS = [
  '/sandbox/home/config.toml',
  '/sandbox/home/../home/config.toml',
  '/sandbox//home/./config.toml',
  '/etc/codex/config.toml',
  'config.toml',
  '',
  '/sandbox/home',
  '/sandbox/home/other.toml',
  '/etc/codex/managed_config.toml',
] as const

function randomEdit(dice: Dice, paths: readonly (readonly string[])[]): EditCase {
  return {
    keyPath: randomPath(dice, paths),
    value: dice.chance(0.22) ? 'null' : randomJson(dice, 2),
    mergeStrategy: dice.chance(0.6) ? 'replace' : 'upsert',
  }
}

function randomPath(dice: Dice, paths: readonly (readonly string[])[]): string {
  if (dice.chance(0.03)) return dice.pick(BAD_PATHS)
  const known = dice.chance(0.75) ? (dice.pick(paths) ?? []) : []
  const length = dice.chance(0.7) ? known.length : dice.below(known.length + 1)
  const path = [
    ...known.slice(0, length),
    ...(dice.chance(0.3) || length === 0 ? dice.some(1, 2, () => randomKey(dice)) : []),
  ]
  return path.map((key) => (/^[\w-]+$/u.test(key) && dice.chance(0.95) ? key : quotedSegment(key))).join('.')
}

function randomJson(dice: Dice, depth: number): string {
  if (depth > 0 && dice.chance(0.25)) return object(dice, depth - 1)
  if (depth > 0 && dice.chance(0.2))
    return `[${dice.some(0, 3, () => randomJson(dice, depth - 1)).join(',')}]`
  if (dice.chance(0.02)) return dice.pick(HARD_NUMBERS)
  if (dice.chance(0.03)) return JSON.stringify({ $__toml_private_datetime: dice.pick(DATES) })
  if (depth < 2 && dice.chance(0.01)) return 'null'
  return dice.pick([
    () => dice.pick(NUMBERS),
    () => dice.pick(NUMBERS),
    () => JSON.stringify(randomWord(dice)),
    () => JSON.stringify(randomWord(dice)),
    () => dice.pick(['true', 'false']),
  ])()
}

function object(dice: Dice, depth: number): string {
  const keys = new Set(dice.some(0, 3, () => randomKey(dice)))
  return `{${[...keys].map((key) => `${JSON.stringify(key)}:${randomJson(dice, depth)}`).join(',')}}`
}
