import { isRecord } from '#core/json.ts'

/** Gives an object inside an answer; an empty one for what is absent or something else. */
export function childOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  const child = isRecord(value) ? value[name] : undefined
  return isRecord(child) ? child : {}
}

/** Gives a text inside an answer; the empty one for what is absent or something else. */
export function textOf(value: unknown, name: string): string {
  const text = isRecord(value) ? value[name] : undefined
  return typeof text === 'string' ? text : ''
}

/** Gives a number inside an answer; 0 for what is absent or something else. */
export function numberOf(value: unknown, name: string): number {
  const number = isRecord(value) ? value[name] : undefined
  return typeof number === 'number' ? number : 0
}

/** Gives a list inside an answer; an empty one for what is absent or something else. */
export function listOf(value: unknown, name: string): readonly unknown[] {
  const list: unknown = isRecord(value) ? value[name] : undefined
  return Array.isArray(list) ? list : []
}

/** Gives a map of texts inside an answer, such as `labels`; what is no text is left out. */
export function textMapOf(value: unknown, name: string): Readonly<Record<string, string>> {
  const texts = Object.entries(childOf(value, name)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return Object.fromEntries(texts)
}

/** Reads a time inside an answer as epoch ms; 0 for what is absent or something else. */
export function timeOf(value: unknown, name: string): number {
  const epochMs = Date.parse(textOf(value, name))
  return Number.isNaN(epochMs) ? 0 : epochMs
}

/** Writes epoch ms as a `MicroTime`, which has exactly six digits after the point. */
export function toMicroTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z')
}
