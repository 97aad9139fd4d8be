import type { CancelTimer, Clock } from '#core/clock.ts'
import type { KindName } from '#crds/kinds.ts'

import type { ChangeFeed } from './change-feed.ts'

/** After how long a watch that saw nothing, while others did, is told the current version. */
export const BOOKMARK_INTERVAL_MS = 60_000

interface WakeUpDeps {
  readonly feed: ChangeFeed
  readonly clock: Clock
}

/**
 * Lets a watch sleep until its kind changed, its signal aborted, the store closed, or a bookmark is due. The timer for
 * bookmarks only runs while the watch is behind the version of the store: an idle store has none.
 */
export class WakeUp {
  readonly #clock: Clock
  readonly #signal: AbortSignal
  readonly #unsubscribe: () => void
  #cancelBookmark: CancelTimer | undefined
  #isAwake = false
  #isBookmarkDue = false
  #resolve: (() => void) | undefined
  readonly #wake = () => {
    this.#isAwake = true
    this.#resolve?.()
  }

  constructor({ feed, clock }: WakeUpDeps, kind: KindName, signal: AbortSignal) {
    this.#clock = clock
    this.#signal = signal
    this.#unsubscribe = feed.subscribe((changed) => {
      if (changed === kind || changed === 'closed') this.#wake()
      else this.#expectBookmark()
    })
    signal.addEventListener('abort', this.#wake)
  }

  /** True once per interval in which the watch was behind. */
  get isBookmarkDue(): boolean {
    const isDue = this.#isBookmarkDue
    this.#isBookmarkDue = false
    return isDue
  }

  /** `isBehind`: the reader does not know yet of the store's version. */
  async wait({ isBehind }: { readonly isBehind: boolean }): Promise<void> {
    if (isBehind) this.#expectBookmark()
    if (!this.#isAwake && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve
      })
    }
    this.#isAwake = false
    this.#resolve = undefined
  }

  stop(): void {
    this.#unsubscribe()
    this.#cancelBookmark?.()
    this.#signal.removeEventListener('abort', this.#wake)
  }

  #expectBookmark(): void {
    this.#cancelBookmark ??= this.#clock.after(BOOKMARK_INTERVAL_MS, () => {
      this.#cancelBookmark = undefined
      this.#isBookmarkDue = true
      this.#wake()
    })
  }
}
