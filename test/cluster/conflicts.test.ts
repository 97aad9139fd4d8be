import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { type Client, createClient } from '#cli/client.ts'
import { Secret } from '#core/secret.ts'
import { API_VERSION, GROUP, VERSION } from '#crds/group.ts'
import { signToken } from '#secrets/signing.ts'
import { aStoredRuntime } from '#test/support/store-objects.ts'

import { type ClusterInstallation, startClusterInstallation } from './torture/installation.ts'

const WRITERS = Array.from({ length: 20 }, (_unused, at) => at)
const ROUNDS = 5
const API = `/apis/${GROUP}/${VERSION}`

let installation: ClusterInstallation
/** One for each writer; they take turns between two replicas. */
let clients: readonly Client[]

beforeAll(async () => {
  installation = await startClusterInstallation(inject('assets'))
  const replicas = [await installation.startReplica('storm-0'), await installation.startReplica('storm-1')]
  const request = { subject: 'storm', scopes: ['user'] as const, expiresInSeconds: 3600, now: Date.now() }
  const { token } = await signToken(installation.signingKey, request)
  clients = WRITERS.map((at) => createClient(replicas[at % 2]?.address ?? '', new Secret(token)))
  // Both replicas make the user at once, and agree about who that is.
  await Promise.all(
    clients.map((client) => client.call({ method: 'GET', path: '/users/me/runtime-configs' })),
  )
})

afterAll(() => installation.close())

describe('twenty writers at once, through two replicas, lose nothing of', () => {
  it("one user's preferences", async () => {
    const { direct } = installation
    for (const at of WRITERS) {
      const { status } = await direct.call('POST', `${API}/runtimes`, aStoredRuntime({ name: `storm-${at}` }))
      expect(status).toBe(201)
    }
    const foreign = { spec: { preferences: { send_key: 'cmd_enter' } } }
    await direct.call('PATCH', `${API}/users/storm`, foreign)
    const path = (at: number) => `/users/me/runtime-configs/storm-${at}`
    await Promise.all(
      clients.map(async (client, at) => {
        for (let round = 0; round < ROUNDS; round += 1) {
          const body = { use_user_config: (round + at) % 2 === 0 }
          const answer = await client.call({ method: 'PUT', path: path(at), body })
          expect(answer).toMatchObject(body)
        }
      }),
    )
    const { body } = await direct.call('GET', `${API}/users/storm`)
    const last = WRITERS.map((at) => [`storm-${at}`, { use_user_config: (ROUNDS - 1 + at) % 2 === 0 }])
    expect(body['spec']).toMatchObject({
      subject: 'storm',
      preferences: { send_key: 'cmd_enter', runtime_configs: Object.fromEntries(last) },
    })
  })

  it('one resource', async () => {
    const path = '/users/me/runtime-configs/codex/config'
    await Promise.all(
      clients.map(async (client, at) => {
        for (let round = 0; round < ROUNDS; round += 1) {
          const edit = {
            keyPath: `mcp_servers.w${at}.command`,
            value: `round-${round}`,
            mergeStrategy: 'replace',
          }
          await client.call({ method: 'PUT', path, body: { edits: [edit] } })
        }
      }),
    )
    const expected = WRITERS.map((at) => [`w${at}`, { command: `round-${ROUNDS - 1}` }])
    for (const client of clients.slice(0, 2)) {
      await expect
        .poll(() => client.call({ method: 'GET', path }))
        .toMatchObject({ config: { mcp_servers: Object.fromEntries(expected) } })
    }
  })

  it('one object that is applied beside its users', async () => {
    const { direct } = installation
    const place = `${API}/namespaces/user-storm/userruntimeconfigs/codex`
    const label = (at: number) => ({ [`storm.example.com/w${at}`]: 'here' })
    await Promise.all([
      ...WRITERS.map((at) => direct.call('PATCH', place, { metadata: { annotations: label(at) } })),
      ...clients.map((client, at) =>
        client.call({
          method: 'POST',
          path: '/users/me/runtime-configs/codex/auth-json',
          body: { auth_json: `{"token":"of-writer-${at}"}` },
        }),
      ),
    ])
    const { body } = await direct.call('GET', place)
    expect(body).toMatchObject({
      apiVersion: API_VERSION,
      metadata: { annotations: Object.assign({}, ...WRITERS.map(label)) },
      spec: { auth: { encryptedValue: expect.any(String) }, config: { encryptedValue: expect.any(String) } },
    })
  })
})
