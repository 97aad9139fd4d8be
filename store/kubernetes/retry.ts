import { jitteredBackoffMs } from '#core/backoff.ts'

import type { KubeRequest } from './client.ts'

/** A request that did not get what it asked for. */
export interface FailedAttempt {
  readonly method: KubeRequest['method']
  /** Whoever watches comes back by itself. */
  readonly isStream: boolean
  /** HTTP status; `undefined`: the connection failed. */
  readonly status: number | undefined
  /** The header, as it came. */
  readonly retryAfter?: string | undefined
  /** Whether the server can have seen the request. */
  readonly wasSent: boolean
  /** 1 after the first. */
  readonly attempt: number
  /** Since the first attempt began. */
  readonly elapsedMs: number
}

/** How long a request is tried again before its failure is told: what asks has a back-off of its own. */
const GIVE_UP_MS = 10_000
const BACKOFF = { firstMs: 200, maxMs: 2_000 }

/**
 * Decides when a request is sent again, in ms from now; `undefined`: not.
 *
 * Only what reads is repeated after a failure in the middle. A server that is too busy (429) has done nothing yet, and one
 * that was not reached neither: that is repeated whatever it is.
 */
export function planRetry(failed: FailedAttempt, random: number): number | undefined {
  if (!isRepeatable(failed)) return undefined
  const asked = retryAfterMs(failed.retryAfter)
  const backoff = jitteredBackoffMs(BACKOFF, failed.attempt, random)
  const delay = asked === undefined ? backoff : asked + backoff
  return failed.elapsedMs + delay < GIVE_UP_MS ? delay : undefined
}

function isRepeatable({ method, isStream, status, wasSent }: FailedAttempt): boolean {
  if (status === 429) return true
  if (isStream) return false
  if (status !== undefined && status !== 503) return false
  return method === 'GET' || (status === undefined && !wasSent)
}

function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,4}$/.test(header) ? Number(header) * 1000 : undefined
}
