import { z } from 'zod'

import type { Schema } from './definition.ts'
import { fieldPath, itemPath, type Violation } from './violation.ts'

/** Checks a value against a schema: types, required fields, patterns and ranges. */
export type ShapeCheck = (value: unknown) => readonly Violation[]

/** Compiles the check of a schema's shape. What is too large is not for this check: see `bounds.ts`. */
export function compileShape(schema: Schema): ShapeCheck {
  const validator = z.fromJSONSchema(toJsonSchema(schema), { defaultTarget: 'openapi-3.0' })
  return (value) => {
    const result = validator.safeParse(value, { reportInput: false })
    return result.success ? [] : result.error.issues.map(toViolation)
  }
}

type JsonSchema = Exclude<Parameters<typeof z.fromJSONSchema>[0], boolean>

/** Leaves out the lengths, which zod counts in UTF-16 units and an API server in code points. */
function toJsonSchema(schema: Schema): JsonSchema {
  const { maxLength: _, properties, items, additionalProperties, ...rest } = schema
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [name, toJsonSchema(field)])
  return JSON.parse(
    JSON.stringify({
      ...rest,
      ...(properties && { properties: Object.fromEntries(fields) }),
      ...(items && { items: toJsonSchema(items) }),
      ...(additionalProperties && { additionalProperties: toJsonSchema(additionalProperties) }),
    }),
  )
}

function toViolation(issue: z.core.$ZodIssue): Violation {
  const path = issue.path.reduce<string>(
    (parent, part) => (typeof part === 'number' ? itemPath(parent, part) : fieldPath(parent, String(part))),
    '',
  )
  return { path, message: toMessage(issue) }
}

/** Says what was expected in the words of this product; zod's own would say what came. */
function toMessage(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `is required and must be ${WORDS[issue.expected] ?? `a ${issue.expected}`}`
    case 'invalid_value':
      return `must be ${issue.values.map(String).join(' or ')}`
    case 'too_small':
      return `must ${amount(issue.origin, 'at least', issue.minimum)}`
    case 'too_big':
      return `must ${amount(issue.origin, 'at most', issue.maximum)}`
    case 'invalid_format':
      return formatMessage(issue)
    default:
      return 'is not valid'
  }
}

const WORDS: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  int: 'an integer',
}

const UNITS: Readonly<Record<string, string>> = {
  string: 'characters',
  array: 'items',
  object: 'entries',
}

function amount(origin: string, bound: 'at least' | 'at most', limit: number | bigint): string {
  const unit = UNITS[origin]
  return unit === undefined ? `be ${bound} ${limit}` : `have ${bound} ${limit} ${unit}`
}

function formatMessage(issue: z.core.$ZodIssueInvalidStringFormat): string {
  if (issue.format === 'datetime') return 'must be a date and time such as 2026-11-21T10:00:00Z'
  return issue.pattern === undefined ? `must be a ${issue.format}` : `must match ${issue.pattern}`
}
