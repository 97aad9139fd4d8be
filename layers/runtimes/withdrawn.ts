import { OBSERVED_CODEX } from '#layers/precedence.ts'
import { valueAt, type TomlTable } from '#layers/value.ts'

import type { TypeFault } from './profile.ts'

/** A word that a setting still reads, so that a layer with it counts like any other, and that must not apply any more. */
export interface WithdrawnWord {
  readonly path: readonly string[]
  readonly word: string
  /** What takes its place, as a message names it. */
  readonly instead: string
}

const [, NEWER] = OBSERVED_CODEX

/** By the observed release of codex. A profile may still hold what the top level may not. */
export const CODEX_WITHDRAWN: Readonly<Record<string, readonly WithdrawnWord[]>> = {
  [NEWER]: [{ path: ['approval_policy'], word: 'untrusted', instead: 'on-request, never or a table' }],
}

/** The first setting that holds a withdrawn word, or null. */
export function findWithdrawn(config: TomlTable, words: readonly WithdrawnWord[]): TypeFault | null {
  const found = words.find(({ path, word }) => valueAt(config, path) === word)
  if (found === undefined) return null
  const { path, word, instead } = found
  return { path, reason: `the word ${word} is no longer taken: expected ${instead}, or no such setting` }
}
