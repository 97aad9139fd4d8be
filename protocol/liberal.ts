import { catch as otherwise, nullable, type ZodMiniType } from 'zod/mini'

/** Takes what fits the schema and reads everything else as not said: nothing optional makes a device's frame fail. */
export function orNull<T extends ZodMiniType>(schema: T) {
  return otherwise(nullable(schema), null)
}

/** Recognises a JSON object, as opposed to an array or `null`. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u

/** Recognises text that stays one line on a terminal and survives UTF-8. */
export function isPrintable(text: string): boolean {
  return text.isWellFormed() && !UNPRINTABLE.test(text)
}

const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?$/

/**
 * Recognises a time that can be shown: what a login file holds under the name of one may be anything, a token included, and
 * `Date.parse` alone takes `secret-token 12` for a month.
 */
export function isTime(text: string): boolean {
  return TIME.test(text) && !Number.isNaN(Date.parse(text))
}
