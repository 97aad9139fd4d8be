import { TomlDatetime, type TomlScalar } from '#layers/value.ts'

// What no string holds as it is: the control characters of ASCII, but for those that some strings may hold. Written from
// the other side, because the class of control characters has those of Latin-1 as well.
const ESCAPED = /[^\P{Cc}\n\u0080-\u009F]|\\/gu
const NEEDS_ESCAPE = /[^\P{Cc}\t\n\u0080-\u009F]/u
const BARE_KEY = /^[A-Za-z0-9_-]+$/u
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\b': String.raw`\b`,
  '\t': String.raw`\t`,
  '\n': String.raw`\n`,
  '\f': String.raw`\f`,
  '\r': String.raw`\r`,
  '\\': '\\\\',
}

/** A scalar in the usual spelling: integers in decimal, floats without an exponent, strings with as few escapes as go. */
export function scalarText(value: TomlScalar): string {
  if (typeof value === 'string') return stringText(value)
  if (typeof value === 'number') return floatText(value)
  return value instanceof TomlDatetime ? value.text : String(value)
}

/** A key as it is usually written: bare, else in the quotes that need no escape. */
export function keyText(name: string): string {
  if (BARE_KEY.test(name)) return name
  const needsEscape = NEEDS_ESCAPE.test(name) || name.includes('\n')
  if (!needsEscape && !/["\\]/u.test(name)) return basicText(name)
  return needsEscape || name.includes("'") ? basicText(name) : `'${name}'`
}

function stringText(value: string): string {
  const isOneLine = !value.includes('\n')
  const short = isOneLine && !NEEDS_ESCAPE.test(value) ? oneLineText(value) : null
  return short ?? longText(value, isOneLine)
}

/** Between one pair of quotes without an escape, where that can be. */
function oneLineText(value: string): string | null {
  if (!/["\\]/u.test(value)) return basicText(value)
  return value.includes("'") ? null : `'${value}'`
}

/** Between three pairs of quotes without an escape, where that can be. */
function longText(value: string, isOneLine: boolean): string {
  const opening = isOneLine ? '' : '\n'
  const isRaw = !NEEDS_ESCAPE.test(value)
  if (isRaw && !value.includes('\\') && !value.includes('"""'))
    return `"""${opening}${multilineText(value)}"""`
  if (isRaw && !value.includes("'''")) return `'''${opening}${value}'''`
  return isOneLine ? basicText(value) : `"""${opening}${multilineText(value)}"""`
}

function basicText(value: string): string {
  return `"${escaped(value)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)}"`
}

// Two quotes in a row are no end; the third of a row is escaped, and after it the count starts again.
function multilineText(value: string): string {
  return escaped(value).replaceAll('"""', String.raw`""\"`)
}

function escaped(value: string): string {
  return value.replaceAll(
    ESCAPED,
    (character) =>
      SHORT_ESCAPES[character] ??
      String.raw`\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
  )
}

/** The shortest digits that give the number back, in positional notation however long that gets. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf'
  if (Object.is(value, -0)) return '-0.0'
  const text = positional(String(value))
  return text.includes('.') ? text : `${text}.0`
}

function positional(text: string): string {
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/u.exec(text)
  if (match === null) return text
  const [, sign = '', first = '', rest = '', exponent = ''] = match
  const digits = first + rest
  const shift = Number(exponent)
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${digits}`
  return `${sign}${digits.padEnd(shift + 1, '0')}`
}
