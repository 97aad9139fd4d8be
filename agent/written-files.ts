import { type AuthFacts, localDigestOf } from './auth-facts.ts'
import type { NormalForm } from './ports.ts'
import type { AgentState, RuntimeMemory, WrittenMark } from './state.ts'
import type { Target } from './target-path.ts'

/**
 * Knows which files this agent wrote, across kills and changes of the server's key.
 *
 * Before a write the intent is kept, after it the fact; an intent that nobody finished is settled by looking at the file.
 */
export class WrittenFiles {
  readonly #state: AgentState
  readonly #normalFormOf: NormalForm

  constructor(state: AgentState, normalFormOf: NormalForm) {
    this.#state = state
    this.#normalFormOf = normalFormOf
  }

  /** Keeps where a runtime's file is, so that a start can clean up there. */
  know(runtime: string, target: Target): void {
    this.#state.remember(runtime, { ...this.#memory(runtime), target: toTarget(target) })
  }

  /** Everything known, also of runtimes the server no longer names. */
  get targets(): readonly Target[] {
    return [...this.#state.runtimes.values()].map(({ target }) => target)
  }

  /**
   * Runs a write of `text` and keeps what came of it. `isWritten` says whether the file now holds the text. When `write`
   * throws, or the process dies, the next look at the file tells. The document's number counts from before the write on:
   * nothing older may come after what may have been written.
   */
  record<T>(intent: WriteIntent, write: () => T, isWritten: (result: T) => boolean): T {
    const { runtime, target, text, facts, number } = intent
    const before = { ...this.#memory(runtime), target: toTarget(target) }
    const pending = this.#mark(text, facts)
    const numbered = withNumber(before, number)
    this.#state.remember(runtime, { ...numbered, pending })
    const result = write()
    this.#state.remember(
      runtime,
      isWritten(result) ? { ...numbered, written: pending, pending: null } : { ...before, pending: null },
    )
    return result
  }

  /** Keeps the number of a document that is about to be written and cannot be recognised later. */
  keepNumber({ runtime, target }: Pick<WriteIntent, 'runtime' | 'target'>, number: number | null): void {
    if (number === null) return
    this.#state.remember(runtime, withNumber({ ...this.#memory(runtime), target: toTarget(target) }, number))
  }

  /** Gives the largest number of what was written here, removed since or not; `null`: nothing had one. */
  number(runtime: string): number | null {
    return this.#memory(runtime).documentNumber ?? null
  }

  /** Forgets what was written: the file was removed again. */
  forget(runtime: string): void {
    this.#state.remember(runtime, { ...this.#memory(runtime), written: null, pending: null })
  }

  /** Gives the digest of what was written last, under the present key; `null`: nothing, or it can no longer be said. */
  digest(runtime: string, facts: AuthFacts): string | null {
    const { written } = this.#memory(runtime)
    return written?.keyId === facts.keyId ? written.digest : null
  }

  /** Settles open intents and old keys by what the file holds now (`null`: nothing readable). */
  settle(runtime: string, text: string | null, facts: AuthFacts): void {
    if (!this.#state.runtimes.has(runtime)) return
    const memory = this.#memory(runtime)
    const settled = this.#holds(text, memory.pending) ? memory.pending : memory.written
    const written = this.#underKey(settled, text, facts)
    this.#state.remember(runtime, { ...memory, written, pending: null })
  }

  #underKey(mark: WrittenMark | null, text: string | null, facts: AuthFacts): WrittenMark | null {
    if (mark === null || text === null || mark.keyId === facts.keyId) return mark
    return this.#holds(text, mark) ? this.#mark(text, facts) : mark
  }

  #memory(runtime: string): RuntimeMemory {
    const none = { target: { targetPath: '', homeVariable: null }, written: null, pending: null }
    return this.#state.runtimes.get(runtime) ?? none
  }

  #mark(text: string, facts: AuthFacts): WrittenMark | null {
    const digest = facts.digestOf(text)
    const local = localDigestOf(text, this.#normalFormOf)
    return digest === null || local === null ? null : { digest, keyId: facts.keyId, local }
  }

  #holds(text: string | null, mark: WrittenMark | null): boolean {
    if (text === null || mark === null) return false
    return localDigestOf(text, this.#normalFormOf, mark.local.salt)?.hash === mark.local.hash
  }
}

/** A text that is about to be written. */
export interface WriteIntent {
  readonly runtime: string
  readonly target: Target
  readonly text: string
  readonly facts: AuthFacts
  /** Of the document; `null`: the server sent none. */
  readonly number: number | null
}

function withNumber(memory: RuntimeMemory, number: number | null): RuntimeMemory {
  return number === null ? memory : { ...memory, documentNumber: number }
}

function toTarget({ targetPath, homeVariable }: Target): Target {
  return { targetPath, homeVariable }
}
