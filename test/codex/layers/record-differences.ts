import { readFileSync } from 'node:fs'

import { canonicalText, type ExactJson, exactAt, exactList, exactText, readExactJson } from './exact-json.ts'

const VECTORS = new URL('../../layers/vectors/', import.meta.url)

/** One place in which a case differs from its recording. */
export interface RecordDifference {
  readonly file: string
  readonly name: string
  /** Keys down to the place, such as `layers.0.version`. */
  readonly place: string
  readonly recorded: string
  readonly now: string
}

/** The cases of a file, numbers as they were spelled. */
export function readCases(file: string): readonly ExactJson[] {
  return exactList(readExactJson(readFileSync(new URL(`${file}.json`, VECTORS), 'utf8')))
}

/** What was recorded of a case for a release; of a release that nobody recorded, what the newest one gave. */
export function recordedFor(vector: ExactJson, version: string): ExactJson | undefined {
  if (exactText(vector, 'seedEraBinary') === version) return exactAt(vector, 'expectedSeedEra')
  return exactAt(vector, 'expected')
}

/** Every place in which two values differ. */
export function placesThatDiffer(
  recorded: ExactJson | undefined,
  now: ExactJson | undefined,
  path: readonly string[] = [],
): readonly Omit<RecordDifference, 'file' | 'name'>[] {
  if (canonicalText(recorded) === canonicalText(now)) return []
  const [one, other] = [branches(recorded), branches(now)]
  if (one === null || other === null) {
    return [{ place: path.join('.'), recorded: canonicalText(recorded), now: canonicalText(now) }]
  }
  const keys = new Set([...one.keys(), ...other.keys()])
  return [...keys].flatMap((key) => placesThatDiffer(one.get(key), other.get(key), [...path, key]))
}

function branches(value: ExactJson | undefined): ReadonlyMap<string, ExactJson> | null {
  if (value instanceof Map) return value as ReadonlyMap<string, ExactJson>
  if (!Array.isArray(value)) return null
  return new Map(value.map((item: ExactJson, index) => [String(index), item]))
}

/** A difference as a person reads it. */
export function tell({ file, name, place, recorded, now }: RecordDifference): string {
  return `${file}: ${name}\n  at ${place === '' ? 'the whole' : place}\n  - ${shorten(recorded)}\n  + ${shorten(now)}`
}

function shorten(text: string): string {
  const limit = 400
  return text.length <= limit ? text : `${text.slice(0, limit)}… (${String(text.length)} characters)`
}
