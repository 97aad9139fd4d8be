import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Express } from 'express'
import { Registry } from 'prom-client'

import { createAuthenticator } from '#api/authenticate.ts'
import type { ApiDeps } from '#api/deps.ts'
import { createDeviceTokenService } from '#api/device-tokens.ts'
import { configureHttpServer, HTTP_SERVER_OPTIONS } from '#api/http-server.ts'
import type { Scope } from '#api/principal.ts'
import { createApp } from '#api/server.ts'
import { requireDocument } from '#controller/auth-sync/request-sync.ts'
import { AppError } from '#core/errors.ts'
import { BUILT_IN_RUNTIMES } from '#crds/types/runtimes.generated.ts'
import type { Sealer } from '#secrets/seal.ts'
import { createSealer } from '#secrets/seal.ts'
import { signToken } from '#secrets/signing.ts'
import { openSqliteStore, type SqliteStores } from '#store/sqlite/open.ts'
import type { User } from '#store/users.ts'

import { openApiCaches } from './api-caches.ts'
import { TestDevices } from './api-devices.ts'
import { FakeClock } from './fake-clock.ts'
import { aKeyring, aSigningKey } from './keys.ts'

/** An answer of the API, read whole. */
export interface TestAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The text as JSON; `null` when it is none. */
  readonly body: unknown
}

/** What a request of a test may bring. `body` is sent as JSON unless it is text. */
export interface TestRequest {
  readonly body?: unknown
  readonly token?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

/** A real API on a real port, over a database in memory. */
export interface TestApi extends SqliteStores {
  readonly address: string
  readonly server: Server
  readonly app: Express
  readonly clock: FakeClock
  readonly sealer: Sealer
  readonly devices: TestDevices
  readonly registry: Registry
  readonly caches: ApiDeps['caches']
  /** Every log line, as its fields and message. */
  readonly log: readonly LogLine[]
  /** Whose token requests carry unless they say otherwise. */
  readonly user: User
  readonly token: string
  tokenFor(userName: string, scopes?: readonly Scope[]): Promise<string>
  call(method: string, path: string, request?: TestRequest): Promise<TestAnswer>
  stop(): Promise<void>
}

interface LogLine {
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Starts an API with a user `ada`. Overrides replace what the composition root would hand over. */
export async function startTestApi(overrides: Partial<ApiDeps> = {}, path = ':memory:'): Promise<TestApi> {
  const clock = new FakeClock()
  const stores = await openSqliteStore({ path, clock })
  for (const runtime of BUILT_IN_RUNTIMES) await stores.store.create('Runtime', runtime)
  const user = await stores.users.create({ name: 'ada' })
  const stopping = new AbortController()
  const caches = await openApiCaches({ ...stores, clock }, stopping.signal)
  const parts = { ...stores, clock, caches, registry: new Registry(), sealer: createSealer(aKeyring()) }
  const { log, logger } = recordingLogger()
  const devices = new TestDevices()
  const sealer = overrides.sealer ?? parts.sealer
  const app = createApp({ ...parts, ...wire({ ...parts, sealer }, devices), logger, ...overrides })
  const server = createServer(HTTP_SERVER_OPTIONS, app)
  configureHttpServer(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const tokenFor = (name: string, scopes: readonly Scope[] = ['user']): Promise<string> =>
    aToken(clock, name, scopes)
  const token = await tokenFor('ada')
  return {
    ...parts,
    sealer,
    address,
    server,
    app,
    devices,
    log,
    user,
    token,
    tokenFor,
    call: (method, path, request = {}) => call(`${address}${path}`, method, { token, ...request }),
    stop: async () => {
      stopping.abort()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      stores.close()
    },
  }
}

function wire(
  parts: SqliteStores & Pick<ApiDeps, 'sealer'> & { readonly clock: FakeClock },
  devices: TestDevices,
): Pick<ApiDeps, 'authenticator' | 'deviceTokens' | 'commands' | 'directory' | 'authSync'> {
  const { users, tokens, clock } = parts
  return {
    authenticator: createAuthenticator({ users, tokens, signingKey: aSigningKey(), clock }),
    deviceTokens: createDeviceTokenService({ tokens, clock }),
    commands: devices,
    directory: devices,
    authSync: {
      explain: (device, runtime) => devices.explain(device, runtime),
      // What the operator asks first is asked here too: the answers to a refusal are those that clients get.
      requestSync: async (request) => {
        await requireDocument(await ownerOf(users, request.namespace), request.runtime, parts)
        return devices.requestSync(request)
      },
    },
  }
}

async function ownerOf(users: SqliteStores['users'], namespace: string): Promise<User> {
  const user = await users.findByNamespace(namespace)
  if (user === undefined) throw new AppError('DEVICE_UNKNOWN', 'Device not found or access denied')
  return user
}

async function aToken(clock: FakeClock, subject: string, scopes: readonly Scope[]): Promise<string> {
  const request = { subject, scopes, expiresInSeconds: 3600, now: clock.now() }
  return (await signToken(aSigningKey(), request)).token
}

function recordingLogger() {
  const log: LogLine[] = []
  const at = (level: string) => (fields: object, message: string) =>
    void log.push({ level, message, fields: { ...fields } })
  return {
    log,
    logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
  }
}

async function call(url: string, method: string, request: TestRequest): Promise<TestAnswer> {
  const { body, token, headers } = request
  const response = await fetch(url, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(typeof token === 'string' && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: parse(text) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
