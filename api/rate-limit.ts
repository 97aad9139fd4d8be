import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

import { AppError } from '#core/errors.ts'

/** So many requests in a window of so many seconds. */
interface RateLimit {
  readonly requests: number
  readonly windowSeconds: number
}

/** How often one address, one person and one execution back end may ask. */
export interface RateLimits {
  readonly address: RateLimit
  readonly user: RateLimit
  /** Tokens of scope `execution`: a back end acts for many people. */
  readonly execution: RateLimit
  /** How many requests of its address a refused token counts for. */
  readonly refusedTokenCost: number
}

/** Far above what a person, a console and a busy back end need; low enough that one of them cannot starve the others. */
export const DEFAULT_RATE_LIMITS: RateLimits = {
  address: { requests: 600_000, windowSeconds: 60 },
  user: { requests: 6000, windowSeconds: 60 },
  execution: { requests: 600_000, windowSeconds: 60 },
  refusedTokenCost: 100,
}

/** `RATE_LIMITED` with the time to wait. */
export class RateLimitError extends AppError {
  readonly retryAfterSeconds: number

  constructor(retryAfterSeconds: number) {
    super('RATE_LIMITED', `too many requests; try again in ${retryAfterSeconds} s`)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** Counts requests in memory; over the limit a count rejects with {@link RateLimitError}. */
export interface RateLimiter {
  countAddress(address: string): Promise<void>
  countUser(userId: string, cost: number): Promise<void>
  countExecution(userId: string, cost: number): Promise<void>
  /** Makes guessing tokens expensive for the address that does it. Never rejects. */
  penalise(address: string): Promise<void>
}

/** Starts counting; each replica counts for itself. */
export function createRateLimiter(limits: RateLimits, onLimited: () => void): RateLimiter {
  const address = limiterFor(limits.address)
  const user = limiterFor(limits.user)
  const execution = limiterFor(limits.execution)
  const count = (limiter: RateLimiterMemory, key: string, cost: number): Promise<void> =>
    limiter.consume(key, cost).then(ignore, (reason: unknown) => refuse(reason, onLimited))
  return {
    countAddress: (key) => count(address, key, 1),
    countUser: (key, cost) => count(user, key, cost),
    countExecution: (key, cost) => count(execution, key, cost),
    penalise: (key) => address.penalty(key, limits.refusedTokenCost).then(ignore),
  }
}

function limiterFor(limit: RateLimit): RateLimiterMemory {
  return new RateLimiterMemory({ points: limit.requests, duration: limit.windowSeconds })
}

function refuse(reason: unknown, onLimited: () => void): never {
  if (!(reason instanceof RateLimiterRes)) throw reason
  onLimited()
  throw new RateLimitError(Math.max(1, Math.ceil(reason.msBeforeNext / 1000)))
}

function ignore(): void {}
