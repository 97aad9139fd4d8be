import { AppError } from '#core/errors.ts'
import { ownField } from '#crds/violation.ts'

/** Tells whether an object is selected. */
export type FieldMatcher = (object: object) => boolean

/**
 * Parses a field selector in the grammar of Kubernetes: terms `path=value`, `path==value`, `path!=value`, separated by
 * commas; `\` escapes a comma, an equals sign and itself in a value. A field that is absent counts as the empty text.
 *
 * @param fields the paths that may be selected, besides `metadata.name` and `metadata.namespace`
 * @throws AppError `REQUEST_MALFORMED`, for an unknown path too
 */
export function parseFieldSelector(text: string, fields: readonly string[]): FieldMatcher {
  const known = new Set(['metadata.name', 'metadata.namespace', ...fields])
  const terms = splitTerms(text).map((term) => parseTerm(term, known))
  return (object) => terms.every((matches) => matches(object))
}

function parseTerm(term: string, known: ReadonlySet<string>): FieldMatcher {
  const match = /^(?<path>[^=!]*)(?<operator>!=|==?)(?<value>.*)$/s.exec(term)
  const { path, operator, value } = match?.groups ?? {}
  if (path === undefined || value === undefined) throw malformed(term, 'expected path=value or path!=value')
  if (!known.has(path)) throw malformed(term, `fields that can be selected: ${[...known].join(', ')}`)
  const expected = unescape(value, term)
  const keys = path.split('.')
  const isNegated = operator === '!='
  return (object) => (readField(object, keys) === expected) !== isNegated
}

// A backslash keeps the character after it, also a comma, in the term.
function splitTerms(text: string): readonly string[] {
  const terms = text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? []
  return terms
}

function unescape(value: string, term: string): string {
  if (!/^(?:\\[\\,=]|[^\\,=])*$/s.test(value)) throw malformed(term, 'write \\\\, \\, and \\= in a value')
  return value.replaceAll(/\\(.)/gs, '$1')
}

function readField(object: object, path: readonly string[]): string {
  const value = path.reduce<unknown>(ownField, object)
  if (typeof value === 'string') return value
  return typeof value === 'boolean' || typeof value === 'number' ? String(value) : ''
}

function malformed(term: string, why: string): AppError {
  const shown = term.length > 100 ? `${term.slice(0, 100)}…` : term
  return new AppError('REQUEST_MALFORMED', `cannot read the field selector "${shown}": ${why}`)
}
