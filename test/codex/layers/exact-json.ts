/** A number as the text spelled it: `1.0` and `1` are two things, and no digit is lost. */
export class ExactNumber {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
}

/** JSON with nothing lost. Objects are maps, so that `__proto__` is an ordinary key. */
export type ExactJson =
  | null
  | boolean
  | string
  | ExactNumber
  | readonly ExactJson[]
  | ReadonlyMap<string, ExactJson>

type Revive = (key: string, value: unknown, context: { readonly source?: string }) => unknown
const parseWithSource = JSON.parse as unknown as (text: string, revive: Revive) => ExactJson

/** Reads JSON; objects become maps and numbers keep their spelling. */
export function readExactJson(text: string): ExactJson {
  return parseWithSource(text, (_key, value, { source }) => {
    if (typeof value === 'number') return new ExactNumber(source ?? String(value))
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
    return value instanceof ExactNumber ? value : new Map(Object.entries(value))
  })
}

/** One text for one value: keys in the order of their UTF-8 bytes, no blank space, numbers as they were spelled. */
export function canonicalText(value: ExactJson | undefined): string {
  if (value === undefined) return 'undefined'
  if (value instanceof ExactNumber) return value.source
  if (value instanceof Map) {
    const rows = [...(value as ReadonlyMap<string, ExactJson>)].sort(([one], [other]) => byBytes(one, other))
    return `{${rows.map(([key, item]) => `${JSON.stringify(key)}:${canonicalText(item)}`).join(',')}}`
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalText(item)).join(',')}]`
  return JSON.stringify(value)
}

/** The value below a path of keys, or undefined. */
export function exactAt(value: ExactJson | undefined, ...path: readonly string[]): ExactJson | undefined {
  let found = value
  for (const key of path) found = found instanceof Map ? (found.get(key) as ExactJson | undefined) : undefined
  return found
}

/** The same, where an object is expected; an empty one where there is none. */
export function exactObject(
  value: ExactJson | undefined,
  ...path: readonly string[]
): ReadonlyMap<string, ExactJson> {
  const found = exactAt(value, ...path)
  return found instanceof Map ? (found as ReadonlyMap<string, ExactJson>) : new Map()
}

/** The same, where a list is expected. */
export function exactList(value: ExactJson | undefined, ...path: readonly string[]): readonly ExactJson[] {
  const found = exactAt(value, ...path)
  return Array.isArray(found) ? (found as readonly ExactJson[]) : []
}

/** The same, where text is expected. */
export function exactText(value: ExactJson | undefined, ...path: readonly string[]): string {
  const found = exactAt(value, ...path)
  return typeof found === 'string' ? found : ''
}

/** The same, where a list of texts is expected; what is no text is left out. */
export function exactTexts(value: ExactJson | undefined, ...path: readonly string[]): readonly string[] {
  return exactList(value, ...path).filter((item) => typeof item === 'string')
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
