import { formatKeyPath, formatSegment } from '#layers/key-path.ts'
import { scalarText } from '#layers/toml/default-text.ts'
import { isArray, isTable, type TomlValue } from '#layers/value.ts'

/** A value in one line, as TOML writes it inline. */
export function valueText(value: TomlValue): string {
  if (isArray(value)) return `[${value.map(valueText).join(', ')}]`
  if (isTable(value)) {
    const pairs = [...value].map(([key, each]) => `${printable(formatSegment(key))} = ${valueText(each)}`)
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`
  }
  return typeof value === 'string' ? printable(JSON.stringify(value)) : scalarText(value)
}

/** A key path in one line. */
export function keyText(path: readonly string[]): string {
  return printable(formatKeyPath(path))
}

// What moves a cursor, colours a screen or turns text round. The joiners of emoji and of some scripts are none of these.
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200C\u200D])\p{Cf}/gu

/** A text that does nothing to a terminal: what would is shown by its number. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => {
    const number = (character.codePointAt(0) ?? 0).toString(16).toUpperCase()
    return number.length > 4 ? `\\U${number.padStart(8, '0')}` : `\\u${number.padStart(4, '0')}`
  })
}
