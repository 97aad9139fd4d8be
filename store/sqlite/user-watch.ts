import type { User, UserEvent } from '#store/users.ts'

import type { ChangeFeed } from './change-feed.ts'

/** What a watch of users reads. */
export interface UserWatchDeps {
  readonly feed: ChangeFeed
  /** Ordered by version. */
  readonly changedSince: (version: number) => readonly User[]
}

/**
 * Streams the users: first all, then each that changed. A reader that is slower than the changes gets the latest state of
 * each user and none of those between, so that nothing has to be kept for it.
 */
export async function* watchUsers(
  deps: UserWatchDeps,
  signal: AbortSignal,
): AsyncGenerator<UserEvent, void, undefined> {
  const sleep = new Sleep(deps.feed, signal)
  try {
    yield* changes(deps, sleep, signal)
  } finally {
    sleep.stop()
  }
}

async function* changes(
  { feed, changedSince }: UserWatchDeps,
  sleep: Sleep,
  signal: AbortSignal,
): AsyncGenerator<UserEvent, void, undefined> {
  let seen = 0
  // Ids only grow, so one above all that were seen is new.
  let highestId = 0
  while (!signal.aborted) {
    feed.checkIsOpen()
    const known = highestId
    for (const user of changedSince(seen)) {
      seen = Number(user.resourceVersion)
      highestId = Math.max(highestId, Number(user.id))
      yield { type: Number(user.id) > known ? 'ADDED' : 'MODIFIED', user }
      if (signal.aborted) return
    }
    await sleep.untilUsersChange()
  }
}

class Sleep {
  readonly #signal: AbortSignal
  readonly #unsubscribe: () => void
  #isAwake = false
  #resolve: (() => void) | undefined
  readonly #wake = () => {
    this.#isAwake = true
    this.#resolve?.()
  }

  constructor(feed: ChangeFeed, signal: AbortSignal) {
    this.#signal = signal
    this.#unsubscribe = feed.subscribe((changed) => {
      if (changed === 'users' || changed === 'closed') this.#wake()
    })
    signal.addEventListener('abort', this.#wake)
  }

  async untilUsersChange(): Promise<void> {
    if (!this.#isAwake && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve
      })
    }
    this.#isAwake = false
  }

  stop(): void {
    this.#unsubscribe()
    this.#signal.removeEventListener('abort', this.#wake)
  }
}
