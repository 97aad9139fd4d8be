import type { Clock } from '#core/clock.ts'
import type { Store } from '#store/store.ts'

import type { KubernetesTokens } from './tokens.ts'

export interface TokenSweepDeps {
  readonly tokens: Pick<KubernetesTokens, 'memory' | 'discard'>
  readonly store: Pick<Store, 'list'>
  readonly clock: Clock
}

/** Secrets may come back from a backup before the Users do. */
const ORPHANED_AFTER_MS = 3_600_000

/**
 * Deletes the Secrets of tokens that nobody needs: revocations of signed tokens that have expired, and device tokens of Users
 * that are no more, so that nobody who gets the name later is reached by them. For one replica at a time; safe to repeat.
 */
export async function sweepTokens({ tokens, store, clock }: TokenSweepDeps): Promise<void> {
  // A memory that is not complete says nothing about what is gone, and deletes nothing.
  if (!tokens.memory.isFresh) return
  const now = clock.now()
  for (const [name, expiresAt] of tokens.memory.allRevoked()) {
    if (expiresAt <= now) await tokens.discard({ name })
  }
  const users = new Set((await store.list('User')).items.map(({ metadata }) => metadata.name))
  for (const { token, secret } of tokens.memory.all()) {
    const isOrphan = !users.has(token.userId) && secret.createdAt + ORPHANED_AFTER_MS <= now
    if (isOrphan) await tokens.discard(secret)
  }
}
