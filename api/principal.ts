import { AppError } from '#core/errors.ts'
import type { User } from '#store/users.ts'

/** What a token may be used for; each scope stands for itself, none includes another. */
export const SCOPES = ['user', 'device', 'execution', 'admin'] as const

/** One of {@link SCOPES}. */
export type Scope = (typeof SCOPES)[number]

/** Who is asking, as the token proved it. */
export interface Principal {
  /** Active when the token was checked. */
  readonly user: User
  /** Never empty. */
  readonly scopes: ReadonlySet<Scope>
  /** The only device this token may register as; `null`: any device of the user, if it has the scope `device`. */
  readonly deviceId: string | null
  /** Id of the device token, or `jti` of the signed one. */
  readonly tokenId: string
  /** Epoch ms; `null`: does not expire. */
  readonly expiresAt: number | null
}

/**
 * Lets a request pass only if its token has the scope.
 *
 * @throws AppError `FORBIDDEN`
 */
export function requireScope(principal: Principal, scope: Scope): void {
  if (principal.scopes.has(scope)) return
  const has = [...principal.scopes].join(', ')
  throw new AppError(
    'FORBIDDEN',
    `expected a token with the scope ${scope}, got one with ${has}; use or make another token`,
  )
}
