import type { Change } from './change.ts'

const MAX_CHANGES = 512
const MAX_BYTES = 4 * 1024 * 1024

/**
 * The last changes of one kind, in memory, for watches that keep up. What they share is bounded here; a watch itself holds
 * nothing but how far it is.
 */
export class RecentChanges {
  #changes: Change[] = []
  #bytes = 0
  /** Everything after this version is here. */
  #since: number

  constructor(since: number) {
    this.#since = since
  }

  push(change: Change): void {
    this.#changes.push(change)
    this.#bytes += sizeOf(change)
    while (this.#changes.length > MAX_CHANGES || this.#bytes > MAX_BYTES) this.#dropOldest()
  }

  /** Up to `limit` changes after a version, oldest first; `undefined` when they go back further than this. */
  read(after: number, limit: number): readonly Change[] | undefined {
    if (after < this.#since) return undefined
    let start = this.#changes.length
    while (start > 0 && (this.#changes[start - 1]?.version ?? 0) > after) start -= 1
    return this.#changes.slice(start, start + limit)
  }

  #dropOldest(): void {
    const oldest = this.#changes.shift()
    if (oldest === undefined) return
    this.#bytes -= sizeOf(oldest)
    this.#since = oldest.version
  }
}

function sizeOf({ json, previous }: Change): number {
  return (json?.length ?? 0) + (previous?.json.length ?? 0)
}
