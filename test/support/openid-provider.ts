import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

import { type Configuration, Provider } from 'oidc-provider'

/** Claims that the provider puts beside its own. */
type Claims = Readonly<Record<string, unknown>>

/** A real OpenID provider on loopback. */
export interface OpenIdProvider {
  readonly issuer: string
  /** How often its keys were asked for. */
  readonly keyRequests: () => number
  /** An access token of the provider, for somebody whose `sub` is this client. */
  token(
    sub: (typeof SUBJECTS)[number],
    options?: { readonly audience?: string; readonly claims?: Claims },
  ): Promise<string>
  /** Signs with another key from now on, and knows only that. */
  rotate(): void
  /** From now on: answers as usual, with an error, or not at all. */
  be(state: 'there' | 'broken' | 'silent'): void
  close(): void
}

const SUBJECTS = ['ada', 'grace'] as const
const SECRET = 'a-secret-of-nobody-at-all-in-this-test'

/** Starts it. */
export async function anOpenIdProvider(): Promise<OpenIdProvider> {
  let handler: RequestListener = () => undefined
  let state: Parameters<OpenIdProvider['be']>[0] = 'there'
  let keyRequests = 0
  const server = createServer((request, response) => {
    if (request.url === '/jwks') keyRequests += 1
    if (state === 'there') return handler(request, response)
    if (state === 'broken') response.writeHead(500).end()
    return undefined
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  let claims: Claims = {}
  let keys = 0
  const rotate = (): void => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = {
      ...privateKey.export({ format: 'jwk' }),
      kid: `key-${(keys += 1)}`,
      alg: 'ES256',
      use: 'sig',
    }
    const provider = new Provider(
      issuer,
      configuration(key, () => claims),
    )
    handler = provider.callback()
  }
  rotate()
  return {
    issuer,
    keyRequests: () => keyRequests,
    rotate,
    be: (next) => {
      state = next
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
    async token(sub, { audience = 'runtimeconfig', ...options } = {}) {
      claims = options.claims ?? {}
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${sub}:${SECRET}`)}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: `urn:for:${audience}` }),
      })
      const answer = (await response.json()) as { readonly access_token?: string }
      if (answer.access_token === undefined) throw new Error(JSON.stringify(answer))
      return answer.access_token
    },
  }
}

const nothing = async (): Promise<undefined> => undefined
const NOTHING = {
  upsert: nothing,
  find: nothing,
  findByUserCode: nothing,
  findByUid: nothing,
  consume: nothing,
  destroy: nothing,
  revokeByGrantId: nothing,
}

function configuration(key: object, claims: () => Claims): Configuration {
  return {
    // Access tokens that are JWTs are kept nowhere; without any adapter it prints a warning.
    adapter: () => NOTHING,
    jwks: { keys: [key] },
    ttl: { ClientCredentials: 3600 },
    cookies: { keys: ['a-cookie-key-of-nobody'] },
    clients: SUBJECTS.map((client_id) => ({
      client_id,
      client_secret: SECRET,
      id_token_signed_response_alg: 'ES256',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    extraTokenClaims: () => ({ ...claims() }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: '',
          audience: resource.replace('urn:for:', ''),
          accessTokenTTL: 3600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  }
}
