import type { Dice } from './dice.ts'

/** A value as it will be written: a scalar is the text of it. */
export type Node = Scalar | ArrayOf | TableOf
export interface Scalar {
  readonly kind: 'scalar'
  readonly text: string
}
export interface ArrayOf {
  readonly kind: 'array'
  readonly items: readonly Node[]
}
export interface TableOf {
  readonly kind: 'table'
  readonly entries: Map<string, Node>
}

// Few, so that layers meet; the odd ones are rarer.
const USUAL_KEYS = ['a', 'b', 'c', 'x', 'y', 'key', 'a-b', 'A', '1'] as const
const ODD_KEYS = [
  'a.b',
  '',
  ' ',
  'é',
  '😀',
  '__proto__',
  'constructor',
  'toString',
  "q'",
  'q"',
  'back\\slash',
  'new\nline',
  'a b',
  '01',
  '\u007f',
  '\uE000',
  '-',
  '_',
  'true',
  'inf',
  '1979-05-27',
  '#',
  '[x]',
  'ключ',
  'e\u0301',
  '$__toml_private',
  'length',
] as const

const INTEGERS = [
  '0',
  '1',
  '-1',
  '+7',
  '42',
  '1_000',
  '0xFF',
  '0xdead_beef',
  '0o17',
  '0b1011',
  '-0',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '0x7fffffffffffffff',
  '1_2_3',
] as const
const FLOATS = [
  '0.0',
  '-0.0',
  '1.0',
  '3.14',
  '1e3',
  '1E5',
  '1e+05',
  '1.5e-7',
  '1e16',
  '1e15',
  '0.00001',
  '0.000001',
  '123456789012345680.0',
  '6.02e23',
  '5e-324',
  '1.7976931348623157e308',
  'inf',
  '-inf',
  '+inf',
  'nan',
  '-nan',
  '1_0.0_1',
  '9007199254740993.0',
  '0.1',
  '1e400',
  '2.5',
] as const
const DATES = [
  '1979-05-27T07:32:00Z',
  '1979-05-27 07:32:00z',
  '1979-05-27t07:32Z',
  '1979-05-27T00:32:00.999999-07:00',
  '1979-05-27',
  '07:32',
  '07:32:00',
  '07:32:00.1000',
  '1979-05-27T07:32:00',
  '1979-05-27 07:32',
  '0000-01-01',
  '9999-12-31T23:59:60Z',
  '2024-02-29',
  '00:00:00.123456789123',
  '1979-05-27T07:32:00-00:00',
  '1979-05-27T07:32:00+23:59',
] as const
const WORDS = [
  '',
  'word',
  'two words',
  'é😀',
  'a"b',
  "it's",
  'back\\slash',
  'tab\there',
  'line\nbreak',
  '\u0001',
  '\u007f',
  ' # no comment',
  '"""',
  "'''",
  'true',
  '\u2028',
  'x = 1',
  '\uFEFF',
  'e\u0301',
  '\r\n',
  '1979-05-27',
  'trailing\\',
  '\u0085',
  '\u00a0',
] as const

/** A key, seldom an odd one. */
export function randomKey(dice: Dice): string {
  return dice.chance(0.82) ? dice.pick(USUAL_KEYS) : dice.pick(ODD_KEYS)
}

/** Text for a string. */
export function randomWord(dice: Dice): string {
  if (dice.chance(0.5)) return dice.pick(['word', 'one', 'two', 'three', 'value'])
  return dice.chance(0.9) ? dice.pick(WORDS) : dice.some(2, 3, () => dice.pick(WORDS)).join('')
}

/** A table of that many levels at most. */
export function randomTable(dice: Dice, depth: number): TableOf {
  const entries = new Map<string, Node>()
  const most = depth > 2 ? 5 : 3
  for (let left = dice.between(dice.chance(0.1) ? 0 : 1, most); left > 0; left -= 1) {
    entries.set(randomKey(dice), randomNode(dice, depth - 1))
  }
  return { kind: 'table', entries }
}

/** Any value of that many levels at most. */
function randomNode(dice: Dice, depth: number): Node {
  if (depth > 0 && dice.chance(0.4)) return randomTable(dice, depth)
  if (depth > 0 && dice.chance(0.25)) return randomArray(dice, depth - 1)
  return randomScalar(dice)
}

/** An array: of anything, or of tables only. */
function randomArray(dice: Dice, depth: number): ArrayOf {
  const onlyTables = depth > 0 && dice.chance(0.5)
  const items = dice.some(0, 3, () => (onlyTables ? randomTable(dice, depth) : randomNode(dice, depth)))
  return { kind: 'array', items }
}

/** A value that holds no other. */
function randomScalar(dice: Dice): Scalar {
  const make = dice.pick([
    () => dice.pick(INTEGERS),
    () => dice.pick(['1', '2', '3', '10', '20']),
    () => dice.pick(FLOATS),
    () => dice.pick(DATES),
    () => dice.pick(['true', 'false']),
    () => spellString(dice, randomWord(dice)),
    () => spellString(dice, randomWord(dice)),
  ])
  return { kind: 'scalar', text: make() }
}

/** Writes a string in one of the four ways that can hold it. */
export function spellString(dice: Dice, word: string): string {
  const literal = /^[^\p{Cc}]*$/u.test(word.replaceAll('\t', ''))
  const noQuote = !word.includes("'")
  if (literal && noQuote && dice.chance(0.3)) return `'${word}'`
  if (literal && !word.includes("''") && !word.endsWith("'") && dice.chance(0.15))
    return `'''${dice.pick(['', '\n'])}${word}'''`
  if (dice.chance(0.15)) return `"""${dice.pick(['', '\n'])}${escaped(dice, word, true)}"""`
  return `"${escaped(dice, word, false)}"`
}

/** Writes a key: bare where it can be, sometimes in quotes all the same. */
export function spellKey(dice: Dice, key: string): string {
  if (/^[\w-]+$/u.test(key) && dice.chance(0.93)) return key
  if (/^[^'\p{Cc}]*$/u.test(key) && dice.chance(0.3)) return `'${key}'`
  return `"${escaped(dice, key, false)}"`
}

const SHORT: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
}

function escaped(dice: Dice, word: string, multiline: boolean): string {
  return Array.from(word, (letter) => {
    if (multiline && letter === '\n' && dice.chance(0.5)) return letter
    const code = letter.codePointAt(0) ?? 0
    const mustEscape = code < 0x20 || code === 0x7f
    return SHORT[letter] ?? (mustEscape || dice.chance(0.03) ? byNumber(dice, code) : letter)
  }).join('')
}

function byNumber(dice: Dice, code: number): string {
  if (code < 0x100 && dice.chance(0.5)) return `\\x${hex(code, 2)}`
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
