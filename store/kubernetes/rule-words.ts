import type { Schema } from '#crds/definition.ts'
import { KINDS } from '#crds/kinds.ts'

let sentences: readonly string[] | undefined

/**
 * Finds the words of one of our own rules in what an API server says of a refused field; `undefined` when there are none.
 * Everything else that it says may quote the value.
 */
export function findRuleWords(message: string): string | undefined {
  sentences ??= Object.values(KINDS).flatMap(({ schema }) => ruleMessages(schema))
  return sentences.find((sentence) => message.endsWith(sentence))
}

function ruleMessages(schema: Schema): readonly string[] {
  const own = (schema['x-kubernetes-validations'] ?? []).flatMap(({ message }) => message ?? [])
  const { properties = {}, items, additionalProperties } = schema
  const below = [
    ...Object.values(properties),
    ...[items, additionalProperties].filter((child) => child !== undefined),
  ]
  return [...own, ...below.flatMap(ruleMessages)]
}
