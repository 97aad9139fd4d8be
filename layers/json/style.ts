import { canonicalFloat } from '#layers/canonical-writer.ts'
import { LayersError } from '#layers/errors.ts'
import { isArray, isTable, TomlDatetime, type TomlScalar, type TomlValue } from '#layers/value.ts'

import type { JsonNode } from './spans.ts'

/** How a JSON text is laid out, so that what is added looks like the rest of it. */
export interface JsonStyle {
  /** One step of indentation. Empty for a text on one line. */
  readonly unit: string
  readonly lineEnd: '\n' | '\r\n'
  /** What stands between a colon and its value. */
  readonly afterColon: string
}

/** The style of a new document, and of one that shows none. */
const PLAIN: JsonStyle = { unit: '  ', lineEnd: '\n', afterColon: ' ' }

/** Finds out how a text is laid out by its first member. */
export function styleOf(text: string, root: JsonNode): JsonStyle {
  const first = root.members?.[0]
  if (first === undefined) return { ...PLAIN, lineEnd: text.includes('\r\n') ? '\r\n' : '\n' }
  const before = text.slice(root.start + 1, first.start)
  const between = text.slice(first.keyEnd, first.value.start)
  return {
    unit: before.includes('\n') ? before.slice(before.lastIndexOf('\n') + 1) : '',
    lineEnd: before.includes('\r\n') ? '\r\n' : '\n',
    afterColon: between.slice(between.indexOf(':') + 1),
  }
}

/** Whether the members of an object stand on lines of their own. */
export function isSpread(text: string, node: JsonNode): boolean {
  const first = node.members?.[0]
  return first !== undefined && text.slice(node.start, first.start).includes('\n')
}

/**
 * A value as JSON text.
 *
 * @param indent what the line starts with on which the value begins; null keeps all of it on one line
 * @throws LayersError `configValidationError` for NaN and the infinities, which JSON does not have
 */
export function renderJson(value: TomlValue, style: JsonStyle, indent: string | null): string {
  if (isTable(value)) {
    const members = [...value].map(
      ([key, item]) =>
        (inner: string | null) =>
          `${JSON.stringify(key)}:${style.afterColon}${renderJson(item, style, inner)}`,
    )
    return enclosed(['{', '}'], members, { style, indent })
  }
  if (isArray(value)) {
    const items = value.map((item) => (inner: string | null) => renderJson(item, style, inner))
    return enclosed(['[', ']'], items, { style, indent })
  }
  return renderScalar(value)
}

function enclosed(
  [open, close]: readonly [string, string],
  parts: readonly ((indent: string | null) => string)[],
  { style, indent }: { readonly style: JsonStyle; readonly indent: string | null },
): string {
  if (parts.length === 0) return `${open}${close}`
  if (indent === null) return `${open}${parts.map((part) => part(null)).join(`,${style.afterColon}`)}${close}`
  const inner = `${indent}${style.unit}`
  const lines = parts.map((part) => `${inner}${part(inner)}`)
  return [open, lines.join(`,${style.lineEnd}`), `${indent}${close}`].join(style.lineEnd)
}

function renderScalar(value: TomlScalar): string {
  if (value instanceof TomlDatetime) return JSON.stringify(value.text)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'number') return JSON.stringify(value)
  if (Number.isFinite(value)) return canonicalFloat(value)
  throw new LayersError('configValidationError', 'expected a number that JSON has, got NaN or an infinity')
}
