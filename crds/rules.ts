import { Environment } from '@marcbachmann/cel-js'

import type { Schema, SchemaRule } from './definition.ts'
import { fieldPath, isRecord, itemPath, ownField, type Violation } from './violation.ts'

/** Checks a value, and the value before it on an update, against the CEL rules of its schema. */
export type RuleCheck = (value: unknown, old?: unknown) => readonly Violation[]

interface RuleNode {
  readonly schema: Schema
  readonly rules: readonly CompiledRule[]
  readonly fields: ReadonlyMap<string, RuleNode>
  readonly item: RuleNode | undefined
}

interface CompiledRule {
  readonly holds: (context: { readonly self: unknown; readonly oldSelf?: unknown }) => unknown
  readonly isTransition: boolean
  readonly source: SchemaRule
}

interface Place {
  readonly value: unknown
  readonly old: unknown
  readonly path: string
}

const ENVIRONMENT = { unlistedVariablesAreDyn: true }

/**
 * Compiles every `x-kubernetes-validations` rule of a schema.
 *
 * A rule runs where its field is present, and one that mentions `oldSelf` only where the field was present before too. The
 * value must fit the schema already. Of the metadata a rule sees what the schema names, as in an API server.
 */
export function compileRules(schema: Schema): RuleCheck {
  const root = compileNode(schema, new Environment(ENVIRONMENT))
  return (value, old) => (root === undefined ? [] : checkNode(root, { value, old, path: '' }))
}

/** Keeps the branches that have rules, so that a check walks nothing else. */
function compileNode(schema: Schema, environment: Environment): RuleNode | undefined {
  const rules = (schema['x-kubernetes-validations'] ?? []).map((source) => compileRule(source, environment))
  const fields = new Map<string, RuleNode>()
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const node = compileNode(field, environment)
    if (node !== undefined) fields.set(name, node)
  }
  const item = schema.items && compileNode(schema.items, environment)
  if (rules.length === 0 && fields.size === 0 && item === undefined) return undefined
  return { schema, rules, fields, item }
}

function compileRule(source: SchemaRule, environment: Environment): CompiledRule {
  const holds = environment.parse(source.rule)
  return { source, isTransition: /\boldSelf\b/.test(source.rule), holds: (context) => holds(context) }
}

function checkNode(node: RuleNode, place: Place): readonly Violation[] {
  const own = node.rules.flatMap((rule) => checkRule(rule, node.schema, place))
  const { value, old, path } = place
  const { item } = node
  if (Array.isArray(value) && item !== undefined) {
    return [
      ...own,
      ...value.flatMap((entry, index) =>
        checkNode(item, { value: entry, old: before(node.schema, old, entry), path: itemPath(path, index) }),
      ),
    ]
  }
  if (!isRecord(value)) return own
  const fields = [...node.fields].filter(([name]) => ownField(value, name) !== undefined)
  return [
    ...own,
    ...fields.flatMap(([name, field]) =>
      checkNode(field, {
        value: ownField(value, name),
        old: ownField(old, name),
        path: fieldPath(path, name),
      }),
    ),
  ]
}

/** Finds the entry of the list before that has the same keys; entries of other lists have no past. */
function before(schema: Schema, old: unknown, entry: unknown): unknown {
  const keys = schema['x-kubernetes-list-map-keys']
  if (keys === undefined || !Array.isArray(old)) return undefined
  return old.find((candidate) => keys.every((key) => ownField(candidate, key) === ownField(entry, key)))
}

function checkRule(rule: CompiledRule, schema: Schema, place: Place): readonly Violation[] {
  if (rule.isTransition && place.old === undefined) return []
  const self = toCel(place.value, schema)
  const context = rule.isTransition ? { self, oldSelf: toCel(place.old, schema) } : { self }
  if (rule.holds(context) === true) return []
  const { fieldPath: relative = '', message } = rule.source
  return [{ path: `${place.path}${relative}`.replace(/^\./, ''), message }]
}

/** Converts to what CEL computes with: integers are exact, and fields that the schema does not name are not there. */
function toCel(value: unknown, schema: Schema): unknown {
  if (typeof value === 'number') return schema.type === 'integer' ? BigInt(value) : value
  if (Array.isArray(value)) {
    return value.map((item) => (schema.items === undefined ? item : toCel(item, schema.items)))
  }
  if (!isRecord(value)) return value
  const { properties = {}, additionalProperties } = schema
  const entries = Object.entries(value).flatMap(([name, field]) => {
    const child = Object.hasOwn(properties, name) ? properties[name] : additionalProperties
    return child === undefined ? [] : [[name, toCel(field, child)] as const]
  })
  return additionalProperties === undefined ? Object.fromEntries(entries) : new Map(entries)
}
