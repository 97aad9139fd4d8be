import type { FaultPlace } from './errors.ts'
import { locateValue } from './toml/locate.ts'
import { openingOf } from './toml/opening.ts'
import { parseTomlSyntax } from './toml/parse.ts'

/**
 * Where in a TOML text a value is, for telling what is wrong with it. A path that the text does not have is told by the
 * nearest table or array that it does have; nothing of it gives no place.
 *
 * @param text a text that has been read before, so that it is known to be TOML
 */
export function placeOfValue(text: string, path: readonly string[]): Omit<FaultPlace, 'path'> {
  const syntax = parseTomlSyntax(text)
  for (let length = path.length; length > 0; length -= 1) {
    const range = locateValue(syntax, path.slice(0, length))
    if (range === null) continue
    const excerpt = text.split(/\r?\n/)[range.line - 1] ?? ''
    const opening = openingOf(text, range.line)
    return opening === '' ? { range, excerpt } : { range, excerpt, opening }
  }
  return {}
}
