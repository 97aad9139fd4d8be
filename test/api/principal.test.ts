import { describe, expect, it } from 'vitest'

import { type Principal, requireScope, type Scope, SCOPES } from '#api/principal.ts'

function aPrincipal(...scopes: Scope[]): Principal {
  const user = {
    id: '7',
    name: 'ada',
    email: null,
    role: 'user' as const,
    namespace: 'user-7',
    isActive: true,
    preferences: {},
    resourceVersion: '1',
  }
  return { user, scopes: new Set(scopes), deviceId: null, tokenId: 'x', expiresAt: null }
}

describe('a request for a scope', () => {
  it.each(SCOPES)('passes with exactly the scope %s', (scope) => {
    expect(() => requireScope(aPrincipal(scope), scope)).not.toThrow()
  })

  it.each(SCOPES)('is refused when every scope but %s is there', (scope) => {
    const others = SCOPES.filter((other) => other !== scope)
    const message = `expected a token with the scope ${scope}, got one with ${others.join(', ')}; use or make another token`
    expect(() => requireScope(aPrincipal(...others), scope)).toThrowError(
      expect.objectContaining({ code: 'FORBIDDEN', message }),
    )
  })
})
