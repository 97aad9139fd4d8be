import { readFileSync } from 'node:fs'

import type { RecordDifference } from './record-differences.ts'

/** Where differences are explained to readers. */
export const DOCUMENT = new URL('../../../docs/layers-differences.md', import.meta.url)

/** A recorded case that a release answers differently, and why that is no fault of ours. */
interface Explained {
  readonly version: string
  readonly file: string
  readonly name: string
  readonly reason: string
}

/** The list in the document's block of JSON. */
function explainedDifferences(): readonly Explained[] {
  const block = /```json\n([^]*?)\n```/u.exec(readFileSync(DOCUMENT, 'utf8'))?.[1]
  if (block === undefined)
    throw new Error(`${DOCUMENT.pathname}: expected a block of JSON with what is explained`)
  return JSON.parse(block) as readonly Explained[]
}

/** What nobody has explained. */
export function unexplained(
  differences: readonly RecordDifference[],
  version: string,
): readonly RecordDifference[] {
  const known = explainedDifferences().filter((one) => one.version === version)
  return differences.filter(({ file, name }) => !known.some((one) => one.file === file && one.name === name))
}
