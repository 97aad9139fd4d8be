import type { StackCase, StackFiles } from './generate.ts'
import { type Disagreement, INTENDED_DIFFERENCES } from './intended-differences.ts'
import { ourRead, ourWrite } from './ours.ts'
import type { WriteCase } from './random-writes.ts'
import type { ReadSeen, WriteSeen } from './seen.ts'
import { lay, theirRead, type TheirSide, theirWrite, withVersion } from './theirs.ts'

/** What became of a case. */
export interface Outcome {
  /** What nobody intends. */
  readonly open: readonly Disagreement[]
  /** How often each intended difference was met, by its id. */
  readonly intended: readonly string[]
  /** How many reads and writes both sides made without a fault. */
  readonly usable: { readonly reads: number; readonly writes: number }
}

/** What their side says of a key that nobody can ask for. */
const NOT_KNOWN = 'undefined'

/** Shows a case to both sides and compares everything they say. */
export async function compare(side: TheirSide, stackCase: StackCase): Promise<Outcome> {
  lay(side, stackCase)
  const { version } = side.sandbox.binary
  const [theirs, ours] = [await theirRead(side, stackCase), await ourRead(stackCase, version)]
  let files = stackCase.files
  const found: Disagreement[] = compareReads(theirs, ours).map((place) =>
    Object.assign(within(place, stackCase.files), { why: `${theirs.why ?? ''} / ${ours.why ?? ''}` }),
  )
  let writes = 0
  for (const write of stackCase.writes) {
    const seen = await compareWrite(side, { ...stackCase, files }, write)
    found.push(...seen.found)
    if (seen.theirs.fault === null) writes += 1
    const { user: _before, ...others } = files
    files = seen.theirs.bytes === null ? others : { ...others, user: seen.theirs.bytes }
    // A file that only one side understands makes every later step differ.
    if (seen.found.length > 0) break
  }
  return { ...sortOut(found), usable: { reads: theirs.fault === null ? 1 : 0, writes } }
}

/** Which intended difference it is, if it is one. */
export function whyIntended(one: Disagreement): string | undefined {
  return INTENDED_DIFFERENCES.find((intended) => intended.explains(one))?.id
}

function sortOut(found: readonly Disagreement[]): Pick<Outcome, 'open' | 'intended'> {
  return {
    open: found.filter((one) => whyIntended(one) === undefined),
    intended: found.map(whyIntended).filter((id) => id !== undefined),
  }
}

type Place = Pick<Disagreement, 'part' | 'theirs' | 'ours'>

function within({ part, theirs, ours }: Place, files: StackFiles): Disagreement {
  return { part, theirs, ours, files }
}

function compareReads(theirs: ReadSeen, ours: ReadSeen): readonly Place[] {
  const faults = differing('read fault', theirs.fault ?? 'none', ours.fault ?? 'none')
  // A layer that cannot be taken at all leaves nothing to say about requirements either.
  const isAllLost = theirs.fault !== null && theirs.requirements === theirs.fault
  const requirements = isAllLost ? [] : differing('requirements', theirs.requirements, ours.requirements)
  if (faults.length > 0 || theirs.fault !== null) return [...faults, ...requirements]
  return [
    ...requirements,
    ...compareMaps('layers', byIndex(theirs.layers), byIndex(ours.layers)),
    ...compareMaps('origins', theirs.origins, ours.origins),
    ...compareMaps('effective', theirs.effective, ours.effective),
  ]
}

async function compareWrite(
  side: TheirSide,
  stackCase: StackCase,
  asked: WriteCase,
): Promise<{ readonly found: readonly Disagreement[]; readonly theirs: WriteSeen }> {
  const write = await withVersion(side, asked)
  const ours = await ourWrite(stackCase, write, side.sandbox.binary.version)
  const theirs = await theirWrite(side, write)
  const context = { write, before: stackCase.files.user ?? null, theirs, ours }
  const parts = (
    ['fault', 'status', 'version', 'filePath', 'metadata', 'bytes', 'nextVersion'] as const
  ).flatMap((part) => differing(`write ${part}`, theirs[part] ?? 'none', ours[part] ?? 'none'))
  const found = parts.map((place) => Object.assign(within(place, stackCase.files), { write: context }))
  return { found, theirs }
}

function compareMaps(
  part: string,
  theirs: ReadonlyMap<string, string>,
  ours: ReadonlyMap<string, string>,
): readonly Place[] {
  const keys = [...new Set([...theirs.keys(), ...ours.keys()])]
  return keys.flatMap((key) => {
    const [one, other] = [theirs.get(key) ?? 'absent', ours.get(key) ?? 'absent']
    const name = JSON.stringify(key)
    return one === other || one === NOT_KNOWN
      ? []
      : [{ part, theirs: `${name}: ${one}`, ours: `${name}: ${other}` }]
  })
}

function differing(part: string, theirs: string, ours: string): readonly Place[] {
  return theirs === ours ? [] : [{ part, theirs, ours }]
}

function byIndex(items: readonly string[]): ReadonlyMap<string, string> {
  return new Map(items.map((item, index) => [String(index), item]))
}
