import type { Binary } from './binary.ts'
import { type ExactJson, exactText } from './exact-json.ts'
import { placesThatDiffer, readCases, type RecordDifference, recordedFor } from './record-differences.ts'
import { record, RECORDERS } from './record.ts'
import { Sandbox } from './sandbox.ts'

const AT_ONCE = 2

/** A case, run again. */
export interface Rerun {
  readonly file: string
  readonly vector: ExactJson
  readonly now: ReadonlyMap<string, ExactJson>
}

/** Runs every recorded case again, a fresh process each. */
export async function recordAll(binary: Binary): Promise<readonly Rerun[]> {
  const cases = Object.keys(RECORDERS).flatMap((file) => readCases(file).map((vector) => ({ file, vector })))
  const reruns: Rerun[] = []
  const next = cases.values()
  await Promise.all(Array.from({ length: AT_ONCE }, () => work()))
  return reruns

  async function work(): Promise<void> {
    const sandbox = new Sandbox(binary)
    try {
      for (const { file, vector } of next) {
        reruns.push({ file, vector, now: await record(file, vector, sandbox) })
      }
    } finally {
      await sandbox.close()
    }
  }
}

/** Everything that differs from what is recorded for a release. */
export function differencesOf(reruns: readonly Rerun[], version: string): readonly RecordDifference[] {
  return reruns.flatMap(({ file, vector, now }) =>
    placesThatDiffer(recordedFor(vector, version), now).map(({ place, recorded, now }) => {
      return { file, name: exactText(vector, 'name'), place, recorded, now }
    }),
  )
}
