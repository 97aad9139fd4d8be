import { LayersError } from './errors.ts'
import type { LayerRules } from './rules.ts'
import { trimWhiteSpace } from './white-space.ts'

/**
 * Takes a key path apart as a release of the CLI does.
 *
 * `plain` splits at every dot: quotes are ordinary characters and a segment may be empty. `quoted` lets a segment begin with
 * a part in double quotes, in which a backslash takes the next character as it is; a segment must not be empty, so a key
 * without characters has no path as text.
 *
 * @returns at least one segment
 * @throws LayersError `configValidationError`
 */
export function parseKeyPath(text: string, syntax: LayerRules['keyPaths']): readonly string[] {
  if (trimWhiteSpace(text) === '') throw invalid('expected a key path, got an empty one')
  return syntax === 'plain' ? text.split('.') : parseQuoted(text)
}

const BARE = /^[A-Za-z0-9_-]+$/

/**
 * A path as text that `parseKeyPath(…, 'quoted')` takes apart into the same segments, as long as none is empty. Two different
 * paths never have the same text.
 */
export function formatKeyPath(path: readonly string[]): string {
  return path.map(formatSegment).join('.')
}

/** One segment of {@link formatKeyPath}. */
export function formatSegment(segment: string): string {
  return BARE.test(segment) ? segment : `"${segment.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}

function parseQuoted(text: string): readonly string[] {
  const segments: string[] = []
  for (let at = 0; at <= text.length;) {
    const quoted = text[at] === '"' ? readQuoted(text, at + 1) : { segment: '', end: at }
    const dot = text.indexOf('.', quoted.end)
    const end = dot === -1 ? text.length : dot
    const rest = text.slice(quoted.end, end)
    if (rest.includes('"'))
      throw invalid('expected a quote at the beginning of a key or none, got one inside')
    const segment = quoted.segment + rest
    if (segment === '') throw invalid('expected a key between the dots of a key path, got an empty one')
    segments.push(segment)
    at = end + 1
  }
  return segments
}

/** What stands in quotes, from behind the opening one to behind the closing one. */
function readQuoted(text: string, start: number): { readonly segment: string; readonly end: number } {
  let segment = ''
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '"') return { segment, end: at + 1 }
    if (text[at] === '\\') at += 1
    segment += text[at] ?? ''
  }
  throw invalid('expected a closing quote in the key path, got its end')
}

function invalid(reason: string): LayersError {
  return new LayersError('configValidationError', reason)
}
