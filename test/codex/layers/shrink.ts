import type { StackCase, StackFiles } from './generate.ts'
import type { WriteCase } from './random-writes.ts'

const MOST_TRIES = 300

/**
 * Makes a case smaller as long as it still fails: takes away writes, edits, flags, files, lines, then letters, half of what is
 * left at a time.
 */
export async function shrink(
  stackCase: StackCase,
  stillFails: (smaller: StackCase) => Promise<boolean>,
): Promise<StackCase> {
  let best = stackCase
  let tries = 0
  for (let improved = true; improved;) {
    improved = false
    for (const smaller of smallerCases(best)) {
      if (tries >= MOST_TRIES) return best
      tries += 1
      if (!(await stillFails(smaller))) continue
      best = smaller
      improved = true
      break
    }
  }
  return best
}

function* smallerCases(stackCase: StackCase): Generator<StackCase> {
  const { files, writes, flags } = stackCase
  for (const fewer of fewerOf(writes)) yield { ...stackCase, writes: fewer }
  for (const fewer of fewerOf(flags)) yield { ...stackCase, flags: fewer }
  for (const key of Object.keys(files) as (keyof StackFiles)[]) {
    const { [key]: text = '', ...others } = files
    yield { ...stackCase, files: others }
    for (const lines of fewerOf(text.split('\n'))) {
      yield { ...stackCase, files: { ...files, [key]: lines.join('\n') } }
    }
  }
  for (const [index, write] of writes.entries()) {
    for (const smaller of smallerWrites(write)) yield { ...stackCase, writes: writes.with(index, smaller) }
  }
}

function* smallerWrites(write: WriteCase): Generator<WriteCase> {
  const { expectedVersion, filePath, ...plain } = write
  if (expectedVersion !== undefined || filePath !== undefined) yield plain
  for (const edits of fewerOf(write.edits)) {
    if (edits.length > 0) yield { ...write, edits }
  }
  if (write.isBatch && write.edits.length === 1) yield { ...write, isBatch: false }
  for (const [index, edit] of write.edits.entries()) {
    for (const value of ['1', '"a"', '{}', '{"a":1}']) {
      if (edit.value.length > value.length) {
        yield { ...write, edits: write.edits.with(index, { ...edit, value }) }
      }
    }
  }
}

/** Without the first half, the second half, the quarters, …, each single one. */
function* fewerOf<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let size = Math.ceil(items.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < items.length; at += size) yield items.toSpliced(at, size)
  }
}
