import { AppError, type ErrorCode } from '#core/errors.ts'
import { LayersError, type LayersErrorCode, type TextRange } from '#layers/errors.ts'
import { isSecretKey, isSecretValue } from '#layers/runtimes/secret.ts'

import { codePointWidth } from './display-width.ts'
import type { LayersContext } from './layers-context.ts'
import { printable } from './value-text.ts'

/** What was typed wrongly, by the flag that it was typed with. */
const FLAGS: Readonly<Partial<Record<LayersErrorCode, string>>> = {
  overrideInvalid: '-c',
  cliVersionInvalid: '--cli-version',
}

/**
 * Does something, and tells a fault of a configuration as a command tells failures: with the line that it is about and a
 * caret below the place.
 *
 * @throws AppError in place of a LayersError
 */
export async function tellingFaults<Value>(
  context: Pick<LayersContext, 'showsSecrets' | 'refuse'>,
  act: () => Promise<Value>,
): Promise<Value> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof LayersError)) throw error
    const flag = FLAGS[error.code]
    if (flag !== undefined) context.refuse(`${flag}: ${error.reason}`)
    throw toAppError(error, context.showsSecrets)
  }
}

/** The fault as commands tell failures: see {@link tellingFaults}. */
export function toAppError(error: LayersError, showsSecrets: boolean): AppError {
  return new AppError(codeOf(error), faultText(error, showsSecrets), { cause: error })
}

function codeOf({ code }: LayersError): ErrorCode {
  if (code === 'configVersionConflict' || code === 'configValidationError') return code
  return 'CONFIG_UNUSABLE'
}

/** The message and, where they are known, the line and a caret below the place. */
export function faultText(error: LayersError, showsSecrets: boolean): string {
  const { excerpt, range, opening = '' } = error.place
  const message = printable(error.message)
  if (excerpt === undefined || range === undefined) return message
  if (!showsSecrets && mayHoldSecret(opening + excerpt)) {
    return `${message}\n  the line may hold a secret; --show-secrets shows it`
  }
  return `${message}\n${underlined(excerpt, range).join('\n')}`
}

/** A line that cannot be read gets no benefit of the doubt: what looks like the name of a secret is one. */
function mayHoldSecret(line: string): boolean {
  const names = line.matchAll(/([\w.-]+)["']?\s*[=:]/g)
  const words = line.split(/[\s"',[\]{}=]+/)
  return [...names].some(([, name = '']) => isSecretKey(name.split('.'))) || words.some(isSecretValue)
}

const MAX_SHOWN = 120

/** The line and, below it, carets: one for each column that the range covers in a terminal. */
function underlined(excerpt: string, range: TextRange): readonly string[] {
  const number = String(range.line)
  const { characters, from } = windowOf(excerpt, range.column)
  const column = range.column - 1 - from
  const isOneLine = range.endLine === range.line
  const end = isOneLine ? range.endColumn - from : characters.length
  const before = characters.slice(0, Math.max(0, column)).map(blankFor).join('')
  const covered = characters.slice(Math.max(0, column), end).map((each) => '^'.repeat(codePointWidth(each)))
  const carets = covered.join('') || '^'
  const cut = from > 0 ? '…' : ''
  return [
    `  ${number} | ${cut}${characters.map(shown).join('')}`,
    `  ${' '.repeat(number.length)} | ${cut === '' ? '' : ' '}${before}${carets}`,
  ]
}

/** A part of a long line that has the place in it. */
function windowOf(
  excerpt: string,
  column: number,
): { readonly characters: readonly string[]; readonly from: number } {
  const characters = Array.from(excerpt.replace(/\r$/, ''))
  if (characters.length <= MAX_SHOWN) return { characters, from: 0 }
  const from = Math.max(0, Math.min(column - 1 - MAX_SHOWN / 2, characters.length - MAX_SHOWN))
  return { characters: characters.slice(from, from + MAX_SHOWN), from }
}

/** Takes as many columns as the character above it. A tab stays a tab: how wide it is depends on where it stands. */
function blankFor(character: string): string {
  return character === '\t' ? '\t' : ' '.repeat(codePointWidth(shown(character)))
}

/** A character that does nothing to a terminal. */
function shown(character: string): string {
  return character === '\t' || printable(character) === character ? character : '\u{FFFD}'
}
