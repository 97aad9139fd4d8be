import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Registry } from 'prom-client'
import { onTestFinished } from 'vitest'

import { configureHttpServer, HTTP_SERVER_OPTIONS } from '#api/http-server.ts'
import { PEER_AUDIENCE } from '#api/peers/identity.ts'
import type { OwnPart } from '#api/peers/peer-app.ts'
import type { PeerClient } from '#api/peers/peer-client.ts'
import { openPeers } from '#api/peers/peers.ts'
import type { Keyring } from '#secrets/keyring.ts'
import { createSealer } from '#secrets/seal.ts'
import type { ReviewedIdentity, TokenReviews } from '#store/token-reviews.ts'
import { aCommandResult, anExplanation } from '#test/support/api-devices.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { aKeyring } from '#test/support/keys.ts'

/** The service account of every replica. */
export const OPERATOR = 'system:serviceaccount:operator:runtime-config-operator'

/** A cluster's word on tokens: who they stand for, and whom each is for. */
export class FakeReviews implements TokenReviews {
  readonly tokens = new Map<string, { readonly username: string; readonly audiences: readonly string[] }>()
  /** Every token that was asked about, in order. */
  readonly asked: string[] = []
  /** What it answers instead. */
  answer: ((token: string) => Promise<ReviewedIdentity | null>) | null = null

  async review(token: string, audiences: readonly string[]): Promise<ReviewedIdentity | null> {
    this.asked.push(token)
    if (this.answer !== null) return this.answer(token)
    const known = this.tokens.get(token)
    const both = known?.audiences.filter((audience) => audiences.includes(audience)) ?? []
    return known === undefined || both.length === 0
      ? null
      : { username: known.username, groups: [], audiences: both }
  }

  /** A token of a replica, unless told otherwise. */
  issue(token: string, { username = OPERATOR, audience = PEER_AUDIENCE } = {}): string {
    this.tokens.set(token, { username, audiences: [audience] })
    return token
  }
}

/** A replica with its listener for the others. */
export interface TestReplica {
  readonly name: string
  readonly client: PeerClient
  readonly server: Server
  readonly url: string
  readonly tokenFile: string
  readonly registry: Registry
  readonly log: string[]
  /** What it does itself; a test says otherwise. */
  readonly own: { commands: OwnPart['commands']; authSync: OwnPart['authSync'] }
}

/** Replicas of one installation, on real ports, under one clock. */
export interface TestReplicas {
  readonly clock: FakeClock
  readonly reviews: FakeReviews
  /** Where each is reached; a test may say otherwise. */
  readonly urls: Map<string, string>
  get(name: string): TestReplica
}

interface ReplicasSetup {
  readonly names?: readonly string[]
  /** Of one replica, if it is not that of all. */
  readonly keyrings?: Readonly<Record<string, Keyring>>
}

/** Starts replicas `a` and `b` unless told otherwise. */
export async function startReplicas({
  names = ['a', 'b'],
  keyrings = {},
}: ReplicasSetup = {}): Promise<TestReplicas> {
  const folder = mkdtempSync(join(tmpdir(), 'runtimeconfig-peers-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [clock, reviews, urls, keyring] = [
    new FakeClock(),
    new FakeReviews(),
    new Map<string, string>(),
    aKeyring(),
  ]
  const replicas = new Map<string, TestReplica>()
  for (const name of names) {
    const tokenFile = join(folder, `token-${name}`)
    writeFileSync(tokenFile, `${reviews.issue(`token-of-${name}`)}\n`)
    const basis = { name, tokenFile, clock, reviews, keyring: keyrings[name] ?? keyring }
    const replica = await startReplica(basis, (gateway) => urls.get(gateway))
    replicas.set(name, replica)
    urls.set(name, replica.url)
  }
  return {
    clock,
    reviews,
    urls,
    get: (name) => {
      const replica = replicas.get(name)
      if (replica === undefined) throw new Error(`there is no replica ${name}`)
      return replica
    },
  }
}

interface ReplicaBasis {
  readonly name: string
  readonly tokenFile: string
  readonly clock: FakeClock
  readonly reviews: TokenReviews
  readonly keyring: Keyring
}

async function startReplica(
  { name, tokenFile, clock, reviews, keyring }: ReplicaBasis,
  urlOf: (gateway: string) => string | undefined,
): Promise<TestReplica> {
  const [registry, log] = [new Registry(), new Array<string>()]
  const say = (fields: object, message: string) => void log.push(`${message} ${JSON.stringify(fields)}`)
  const logger = { debug: say, info: say, warn: say, error: say }
  const sealer = createSealer(keyring)
  const directory = { urlOf }
  const peers = openPeers({ replica: name, tokenFile, directory, reviews, sealer, clock, logger, registry })
  const own: TestReplica['own'] = {
    commands: { send: async () => aCommandResult() },
    authSync: {
      explain: async ({ deviceId }, runtime) => anExplanation({ deviceId, runtime }),
      requestSync: async ({ deviceIds = [] }) =>
        deviceIds.map((deviceId) => ({ deviceId, success: true, status: 'written', error: null })),
    },
  }
  const app = peers.serve({
    commands: { send: (device, command) => own.commands.send(device, command) },
    authSync: {
      explain: (device, runtime) => own.authSync.explain(device, runtime),
      requestSync: (request) => own.authSync.requestSync(request),
    },
  })
  const server = createServer(HTTP_SERVER_OPTIONS, app)
  configureHttpServer(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    peers.close()
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { name, client: peers.client, server, url, tokenFile, registry, log, own }
}

/** What a replica counted: `path result` → how often. */
export async function countsOf({ registry }: TestReplica): Promise<Record<string, number>> {
  const metric = await registry.getSingleMetric('runtimeconfig_peer_requests_total')?.get()
  return Object.fromEntries(
    (metric?.values ?? []).map(({ labels, value }) => [
      `${String(labels['path']).replace('/internal/v1/', '')} ${labels['result']}`,
      value,
    ]),
  )
}
