import { z } from 'zod'

import { audit } from '#api/audit.ts'
import type { ApiContext } from '#api/deps.ts'
import { type Answer, type ApiRequest, defineRoute, type Route } from '#api/route.ts'

const RevokedToken = z
  .object({
    revoked: z.literal(true).meta({ description: 'The token of this request is not good any more.' }),
  })
  .meta({ id: 'RevokedToken', description: 'A token that was signed off.' })

// Longer than any signed token lives, for one that names no end.
const FOREVER_MS = 100 * 366 * 24 * 3_600_000

/** The route by which a person signs the token in use off. */
export function currentTokenRoutes(api: ApiContext): readonly Route[] {
  return [
    defineRoute({
      method: 'delete',
      path: '/users/me/tokens/current',
      access: 'user',
      summary: 'Revokes the token of this very request',
      answer: RevokedToken,
      handle: (request) => revoke(api, request),
    }),
  ]
}

async function revoke(api: ApiContext, { caller }: ApiRequest): Promise<Answer> {
  const { tokenId, expiresAt } = caller.principal
  await api.tokens.revokeSigned(tokenId, new Date(expiresAt ?? api.clock.now() + FOREVER_MS).toISOString())
  audit(api.logger, caller, { action: 'token.revoke', fields: {} })
  return { body: { revoked: true }, etag: null }
}
