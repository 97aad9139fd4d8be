import { type Document, parseAllDocuments, visit } from 'yaml'

import { parseJsonText } from '#api/json-text.ts'
import { AppError } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'

const MAX_OBJECTS = 1000
// The worst YAML of this length holds the process up for 0.2 s; JSON of any length that comes in is a thousandth of it.
// At its cost one user who sends nothing else takes less than a tenth of a core.
const MAX_YAML_LENGTH = 65_536
const YAML_LENGTH_PER_REQUEST = 256
// Each costs a walk through its document, and the library's own bound counts them for each anchor apart.
const MAX_ALIASES = 50
const YAML_OPTIONS = {
  schema: 'core',
  // Comparing every key with every other takes quadratic time; the last one wins, as in JSON.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const

/** Tells for how many requests of its user reading this text counts: none if it is JSON, or too long to be read at all. */
export function costOfReading(text: string): number {
  if (isJson(text) || text.length > MAX_YAML_LENGTH) return 0
  return Math.ceil(text.length / YAML_LENGTH_PER_REQUEST)
}

/**
 * Reads manifests from JSON or YAML text: one object, a list of them, a Kubernetes `List`, or several YAML documents.
 * Rejects with `REQUEST_MALFORMED`; what the single objects are like is looked at later, one by one.
 */
export function parseManifests(text: string, maxDepth: number): readonly unknown[] {
  const documents = isJson(text) ? [parseJsonText(text, maxDepth)] : parseYaml(text, maxDepth)
  const objects = documents.flatMap(objectsOf)
  if (objects.length === 0) throw new AppError('REQUEST_MALFORMED', 'expected at least one object, got none')
  if (objects.length <= MAX_OBJECTS) return objects
  throw new AppError('REQUEST_MALFORMED', `expected at most ${MAX_OBJECTS} objects; apply them in parts`)
}

function isJson(text: string): boolean {
  return /^\s*[[{]/.test(text)
}

function objectsOf(document: unknown): readonly unknown[] {
  if (Array.isArray(document)) return document
  if (document === null || document === undefined) return []
  if (!isRecord(document)) return [document]
  const { kind, items } = document
  const isList = typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)
  return isList ? items : [document]
}

function parseYaml(text: string, maxDepth: number): readonly unknown[] {
  if (text.length > MAX_YAML_LENGTH) {
    throw new AppError(
      'BODY_TOO_LARGE',
      `YAML must be at most ${MAX_YAML_LENGTH} characters; send JSON, or parts`,
    )
  }
  try {
    return readYaml(text, maxDepth)
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    // A stack that ran out, an alias that multiplies: whatever the library throws, the text was to blame.
    throw new AppError('REQUEST_MALFORMED', 'request body must be valid JSON or YAML', { cause })
  }
}

function readYaml(text: string, maxDepth: number): readonly unknown[] {
  const documents = parseAllDocuments(text, YAML_OPTIONS)
  return [...documents].map((document) => {
    const [error] = document.errors
    if (error !== undefined) {
      const line = text.slice(0, error.pos[0]).split('\n').length
      throw new AppError('REQUEST_MALFORMED', `request body must be valid JSON or YAML; line ${line} is not`)
    }
    refuseManyAliases(document)
    // Through JSON, so that both forms give the same values and the same bound on nesting.
    const json = JSON.stringify(document.toJS({ maxAliasCount: MAX_ALIASES }))
    return json === undefined ? null : parseJsonText(json, maxDepth)
  })
}

function refuseManyAliases(document: Document.Parsed): void {
  let count = 0
  visit(document, {
    Alias: () => {
      count += 1
      return count > MAX_ALIASES ? visit.BREAK : undefined
    },
  })
  if (count <= MAX_ALIASES) return
  throw new AppError('REQUEST_MALFORMED', `a YAML document must have at most ${MAX_ALIASES} aliases`)
}
