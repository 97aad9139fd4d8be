/** One thing that is wrong with an object. Never holds the value that is wrong. */
export interface Violation {
  /** Such as `spec.auth.targetPath` or `status.runtimes[0].name`; empty for the object itself. */
  readonly path: string
  /** What was expected, and what to do. */
  readonly message: string
}

const LONGEST_NAME = 64

/** Writes the path of a field of an object; a name too long to be one is cut short. */
export function fieldPath(parent: string, name: string): string {
  const shown = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name
  return parent === '' ? shown : `${parent}.${shown}`
}

/** Writes the path of an entry of a list. */
export function itemPath(parent: string, index: number): string {
  return `${parent}[${index}]`
}

/** Tells whether a value is a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Reads an own field; what an object inherits (`constructor`, `__proto__`) is not there. */
export function ownField(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
}
