import type { Cursor, ReadOptions } from './cursor.ts'
import type { Span } from './syntax.ts'

const UNQUOTED = 'expected a value, got text without quotes'
const DIGIT = /\d/
const DIGIT_OF_INTEGER = /[\dA-Fa-f]/
const UNDERSCORE = 'expected `_` only between digits'

/** Notes what is wrong with a value without quotes that is none, at the character that the reference points at. */
export function explainBare(cursor: Cursor, span: Span): void {
  const raw = cursor.text.slice(span.start, span.end)
  const fault = withOptions(faultOf(raw), raw, cursor.options)
  if (fault.isRange === true) cursor.noteRange(span.start, span.end, fault.reason)
  else cursor.note(span.start + fault.start, fault.reason, span.start + fault.end)
}

/** Offsets count from the start of the value. */
interface BareFault extends Span {
  readonly reason: string
  readonly isRange?: boolean
}

function withOptions(fault: BareFault, raw: string, { doubleUnderscore }: ReadOptions): BareFault {
  const isDouble = fault.reason === UNDERSCORE && raw.charAt(fault.end) === '_'
  return isDouble && doubleUnderscore === 'second'
    ? { ...fault, start: fault.start + 1, end: fault.end + 1 }
    : fault
}

function faultOf(raw: string): BareFault {
  if (raw.includes(' ') && !isDatetimeLike(raw)) return unquoted(raw)
  const sign = /^[+-]*/.exec(raw)?.[0].length ?? 0
  if (sign > 1) return { start: 1, end: 2, reason: 'expected a single sign before the number' }
  const first = raw.charAt(sign)
  if (DIGIT.test(first) || first === '_') return faultOfNumber(raw, sign)
  if (first === '.') return { start: 0, end: 0, reason: 'expected digits before the dot of the float' }
  return faultOfWord(raw, sign)
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ['t', 'true'],
  ['f', 'false'],
  ['i', 'inf'],
  ['n', 'nan'],
])

function faultOfWord(raw: string, sign: number): BareFault {
  const word = WORDS.get(raw.charAt(sign).toLowerCase())
  const isFloat = word === 'inf' || word === 'nan'
  if (word === undefined || (sign > 0 && !isFloat)) return unquoted(raw)
  return { start: sign, end: raw.length, reason: `expected \`${word}\`, got another word` }
}

function unquoted(raw: string): BareFault {
  if (/['"]$/.test(raw))
    return { start: 0, end: 0, reason: 'expected a quote before the string as well as after it' }
  return { start: 0, end: raw.length, reason: UNQUOTED }
}

function faultOfNumber(raw: string, sign: number): BareFault {
  const value = raw.slice(sign)
  if (/^0[xXoObBdD]/.test(value)) return faultOfRadix(raw, sign)
  const rest = value.replace(/^\d+/, '')
  if (isDatetimeLike(raw)) return { start: 0, end: raw.length, reason: faultOfDatetime(raw) }
  if (/[.eE]/.test(rest)) return faultOfFloat(raw, sign)
  return faultOfInteger(raw, sign, rest)
}

function faultOfInteger(raw: string, sign: number, rest: string): BareFault {
  if (rest !== '' && !rest.startsWith('_')) return unquoted(raw)
  if (raw.charAt(sign) === '0') return leadingZero(sign)
  return misplacedUnderscore(raw, DIGIT_OF_INTEGER) ?? notANumber(raw)
}

function isDatetimeLike(raw: string): boolean {
  return /^[+-]?\d+[-:]/.test(raw)
}

function faultOfDatetime(raw: string): string {
  if (/^\d{2}:/.test(raw)) return 'expected a time that exists, as in 07:32:00, without an offset'
  if (/^\d{4}-\d{2}-\d{2}$/.test(raw)) return 'expected a day that exists, as in 1979-05-27'
  return 'expected a date, a time or both, as in 1979-05-27T07:32:00Z'
}

function leadingZero(sign: number): BareFault {
  return { start: sign, end: sign + 1, reason: 'expected a number without leading zeros' }
}

function notANumber(raw: string): BareFault {
  return { start: 0, end: raw.length, reason: 'expected an integer, got something else', isRange: true }
}

const NO_DIGIT = /[^\d_]/
const RADIX_DIGITS: ReadonlyMap<string, RegExp> = new Map([
  ['x', /[^\dA-Fa-f_]/],
  ['o', /[^0-7_]/],
  ['b', /[^01_]/],
])

function faultOfRadix(raw: string, sign: number): BareFault {
  const letter = raw.charAt(sign + 1)
  if (sign > 0)
    return { start: 0, end: 1, reason: `expected no sign before an integer that starts with 0${letter}` }
  if (letter === 'd' || letter === 'D')
    return { start: 0, end: 2, reason: 'expected a decimal integer without a prefix' }
  if (letter !== letter.toLowerCase()) {
    return { start: 0, end: 2, reason: `expected the prefix in lower case: 0${letter.toLowerCase()}` }
  }
  const digits = raw.slice(2)
  if (/^[+-]/.test(digits))
    return { start: 2, end: 3, reason: 'expected digits after the prefix, got a sign' }
  const wrong = digits.search(RADIX_DIGITS.get(letter) ?? NO_DIGIT)
  if (wrong !== -1)
    return {
      start: 2 + wrong,
      end: 2 + wrong,
      reason: `expected a digit of an integer that starts with 0${letter}`,
    }
  return misplacedUnderscore(raw, DIGIT_OF_INTEGER) ?? notANumber(raw)
}

const MANTISSA = /^[\d_]*/
const FRACTION = /^\.[\d_]*/
const EXPONENT_START = /^[eE][+-]?/
const EXPONENT = /^[eE][+-]?[\d_]*/

function faultOfFloat(raw: string, sign: number): BareFault {
  const mantissa = matchLength(raw, sign, MANTISSA)
  const fraction = mantissa + matchLength(raw, sign + mantissa, FRACTION)
  const end = sign + fraction + matchLength(raw, sign + fraction, EXPONENT)
  return (
    faultOfDigits(raw.slice(sign, sign + mantissa), sign, 'before the dot') ??
    faultOfDigits(raw.slice(sign + mantissa, sign + fraction), sign + mantissa + 1, 'behind the dot') ??
    faultOfDigits(
      raw.slice(sign + fraction, end),
      sign + fraction + matchLength(raw, sign + fraction, EXPONENT_START),
      'in the exponent',
    ) ??
    faultOfTail(raw, end) ??
    misplacedUnderscore(raw, DIGIT) ?? { ...notANumber(raw), reason: 'expected a float, got something else' }
  )
}

function matchLength(raw: string, from: number, pattern: RegExp): number {
  return pattern.exec(raw.slice(from))?.[0].length ?? 0
}

/** A part without digits is refused at `start`; only the one before the dot may be missing its text and still be needed. */
function faultOfDigits(part: string, start: number, place: string): BareFault | null {
  const isMantissa = place === 'before the dot'
  if (isMantissa && /^0[\d_]*\d/.test(part)) return leadingZero(start)
  if (DIGIT.test(part) || (part === '' && !isMantissa)) return null
  return { start, end: start, reason: `expected digits ${place} of the float` }
}

function faultOfTail(raw: string, end: number): BareFault | null {
  return end < raw.length ? { start: end, end: raw.length, reason: 'expected the end of the float' } : null
}

/** The first `_` that has no digit on both sides. */
function misplacedUnderscore(raw: string, digit: RegExp): BareFault | null {
  for (let at = raw.indexOf('_'); at !== -1; at = raw.indexOf('_', at + 1)) {
    if (!digit.test(raw.charAt(at - 1)) || !digit.test(raw.charAt(at + 1))) {
      return { start: at, end: at + 1, reason: UNDERSCORE }
    }
  }
  return null
}
