import { boundViolations } from './bounds.ts'
import type { Schema } from './definition.ts'
import { API_VERSION } from './group.ts'
import { type KindName, KINDS } from './kinds.ts'
import { validateMetadata } from './metadata.ts'
import { normalizeObject } from './normalize.ts'
import { compileRules, type RuleCheck } from './rules.ts'
import { compileShape, type ShapeCheck } from './shape.ts'
import { ownField, type Violation } from './violation.ts'

interface Checks {
  readonly schema: Schema
  readonly shape: ShapeCheck
  readonly rules: RuleCheck
}

const checksByKind = new Map<KindName, Checks>()

/**
 * Says what is wrong with an object, as an API server would that has the kind's CRD; empty means that it would be stored.
 *
 * Judges the object as it would be kept (see `normalizeObject`): unknown fields and absent fields with a default are no
 * violations. With `old`, the object that is being replaced, transition rules are checked too. Takes any value, however
 * large, deep or odd, and never throws. Compiled once per kind, at its first use.
 */
export function validateObject(kind: KindName, object: unknown, old?: unknown): readonly Violation[] {
  const checks = checksOf(kind)
  const normalized = normalizeObject(kind, object)
  const tooLarge = boundViolations(normalized, checks.schema)
  if (tooLarge.length > 0) return tooLarge
  const wrong = [
    ...checks.shape(normalized),
    ...typeViolations(kind, normalized),
    ...validateMetadata(kind, normalized),
  ]
  // A rule may count on the types of what it reads.
  return wrong.length > 0 ? wrong : checks.rules(normalized, old && normalizeObject(kind, old))
}

function typeViolations(kind: KindName, object: unknown): readonly Violation[] {
  const expected = { apiVersion: API_VERSION, kind }
  return Object.entries(expected)
    .filter(([field, value]) => ownField(object, field) !== value)
    .map(([field, value]) => ({ path: field, message: `must be ${value}` }))
}

function checksOf(kind: KindName): Checks {
  const known = checksByKind.get(kind)
  if (known !== undefined) return known
  const { schema } = KINDS[kind]
  const checks = { schema, shape: compileShape(schema), rules: compileRules(schema) }
  checksByKind.set(kind, checks)
  return checks
}
