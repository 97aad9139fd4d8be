/** A JSON value as `JSON.parse` gives it. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject

/** A JSON object; may own any key, `__proto__` included, so ask with `Object.hasOwn` before reading one. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** Tells whether a value is an object with keys: neither `null` nor a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
