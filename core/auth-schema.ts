import { z } from 'zod'

import { AppError } from './errors.ts'
import { isRecord } from './json.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { isLinearPattern } from './linear-pattern.ts'

type Schema = Readonly<Record<string, unknown>>

const MAX_NODES = 256
const MAX_DEPTH = 16

/**
 * Most values of a document that is checked. The validator collects a finding for every value before it says anything; a
 * login has a few dozen values.
 */
const MAX_VALUES = 10_000

/**
 * What a runtime's schema may use: the part of OpenAPI 3.0 that Kubernetes allows too. Above all there is no `$ref`, so a
 * check takes time in proportion to schema and document.
 */
const ASSERTIONS = new Set(
  [
    'type nullable enum required format pattern minLength maxLength multipleOf minimum maximum exclusiveMinimum',
    'exclusiveMaximum minItems maxItems minProperties maxProperties',
  ].flatMap((names) => names.split(' ')),
)
const LISTS = new Set(['allOf', 'anyOf', 'oneOf'])
const ANNOTATION = /^(?:title|description|default|example|x-.*|\$schema|\$id|\$comment)$/
const OBJECT_KEYWORDS = ['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties']

/**
 * Finds the first place where a document is not what its runtime's schema asks for.
 *
 * @returns a sentence that names the place and what was expected, never what is there: a key shows as `*` unless the schema
 * itself names it. `null`: the document fits
 * @throws AppError `AUTH_SCHEMA` when the schema cannot be used: a keyword or a pattern that is not allowed, or it is too big
 */
export function findMisfit(value: JsonObject, schema: Schema): string | null {
  if (countValues(value, MAX_VALUES) > MAX_VALUES) return 'auth_json has too many values to be checked'
  const walk: Walk = { names: new Set(), nodes: 0 }
  const validator = compile(readSchema(schema, walk, 0))
  const issue = firstIssue(validator, value)
  if (issue === undefined) return null
  const path = issue.path.map((key) => `/${shownKey(key, walk.names)}`).join('')
  return `auth_json does not fit its runtime's schema at ${path || 'the top level'}: ${describeIssue(issue)}`
}

/**
 * What the validator throws is a limit of its own (very many findings overflow its stack) or a schema that contradicts
 * itself. It is not kept as cause: it may quote the document.
 */
function firstIssue(validator: z.ZodType, value: JsonObject): z.core.$ZodIssue | undefined {
  try {
    return validator.safeParse(value, { jitless: true }).error?.issues[0]
  } catch {
    throw unusable('it cannot be applied to this document')
  }
}

/** Counts no further than just above the limit. */
function countValues(value: JsonValue, limit: number): number {
  if (typeof value !== 'object' || value === null) return 1
  let count = 1
  for (const part of Object.values(value)) {
    count += countValues(part, limit - count)
    if (count > limit) break
  }
  return count
}

interface Walk {
  /** Keys that the schema names. */
  readonly names: Set<string>
  nodes: number
}

function readSchema(schema: unknown, walk: Walk, depth: number): Schema {
  walk.nodes += 1
  if (walk.nodes > MAX_NODES || depth > MAX_DEPTH) throw unusable('it is too large')
  if (!isRecord(schema)) throw unusable('an object was expected where a schema is')
  const kept = Object.entries(schema).filter(([keyword]) => !ANNOTATION.test(keyword))
  const read = kept.map(([keyword, value]) => [
    keyword,
    readKeyword(keyword, value, (part) => readSchema(part, walk, depth + 1)),
  ])
  const result: Schema = Object.fromEntries(read)
  return withRequired(withType(result), walk)
}

function readKeyword(keyword: string, value: unknown, read: (part: unknown) => Schema): unknown {
  if (keyword === 'pattern') return readPattern(value)
  if (ASSERTIONS.has(keyword)) return value
  if (keyword === 'items') return read(value)
  if (keyword === 'additionalProperties') return typeof value === 'boolean' ? value : read(value)
  if (LISTS.has(keyword) && Array.isArray(value)) return value.map(read)
  if (keyword === 'properties' && isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, read(part)]))
  throw unusable(`the keyword ${JSON.stringify(keyword.slice(0, 40))} cannot be used, or not like this`)
}

function readPattern(pattern: unknown): string {
  if (typeof pattern === 'string' && isLinearPattern(pattern)) return pattern
  throw unusable('a pattern must begin with ^ and must not need backtracking')
}

/** Without a type nothing of an object would be looked at. */
function withType(schema: Schema): Schema {
  const isOfObject =
    schema['type'] === undefined && OBJECT_KEYWORDS.some((keyword) => Object.hasOwn(schema, keyword))
  return isOfObject ? { ...schema, type: 'object' } : schema
}

/** A key that is required but not described would not be missed. */
function withRequired(schema: Schema, walk: Walk): Schema {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required'])
    ? schema['required'].filter((key) => typeof key === 'string')
    : []
  const missing = required.filter((key) => !Object.hasOwn(properties, key))
  for (const name of [...Object.keys(properties), ...missing]) walk.names.add(name)
  if (missing.length === 0) return schema
  return { ...schema, properties: { ...properties, ...Object.fromEntries(missing.map((key) => [key, {}])) } }
}

function compile(schema: Schema): z.ZodType {
  try {
    return z.fromJSONSchema(schema, { defaultTarget: 'openapi-3.0', registry: z.registry() })
  } catch (cause) {
    throw unusable('it is not a valid OpenAPI 3.0 schema', cause)
  }
}

function shownKey(key: PropertyKey, names: ReadonlySet<string>): string {
  if (typeof key === 'number') return String(key)
  return typeof key === 'string' && names.has(key) ? key.replaceAll('~', '~0').replaceAll('/', '~1') : '*'
}

/** Of all the texts of the validator only that about unknown keys repeats something of the document. */
function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'there is a key that is not allowed'
  if (issue.code === 'invalid_union') return 'expected exactly one of the allowed forms'
  return issue.message.replace(/^(?:Invalid|Too) [a-z]+: /, '')
}

function unusable(why: string, cause?: unknown): AppError {
  return new AppError(
    'AUTH_SCHEMA',
    `the schema of this runtime cannot be used: ${why}; ask an administrator to mend it`,
    {
      cause,
    },
  )
}
