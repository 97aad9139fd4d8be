import { catch as otherwise, nullable, type ZodMiniType } from 'zod/mini'

/** Takes what fits the schema and reads everything else as not said: nothing optional makes a device's frame fail. */
export function orNull<T extends ZodMiniType>(schema: T) {
  return otherwise(nullable(schema), null)
}

/** Recognises a JSON object, as opposed to an array or `null`. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
