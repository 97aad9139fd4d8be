import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it } from 'vitest'

import { systemClock } from '#cli/system-clock.ts'
import { KubernetesNamespaces } from '#store/kubernetes/namespaces.ts'
import { createUserCache } from '#store/user-cache.ts'
import { openClusterStores } from '#test/support/kubernetes-stores.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { DEFINITIONS_FOLDER, runProgram } from './kubectl.ts'

let server: ApiServer
let stores: Awaited<ReturnType<typeof openClusterStores>>

beforeAll(async () => {
  server = await startApiServer(inject('assets'))
  await kubectl(['apply', '--server-side', '-f', DEFINITIONS_FOLDER])
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all'])
})
afterAll(() => server.stop())
beforeEach(async () => {
  stores = await openClusterStores(server.kubeconfig)
})
afterEach(() => stores.close())

async function kubectl(args: readonly string[]): Promise<void> {
  const { code, stderr } = await runProgram([
    inject('assets').kubectl,
    `--kubeconfig=${server.kubeconfig}`,
    ...args,
  ])
  if (code !== 0) throw new Error(stderr)
}

async function label(name: string, namespace: string): Promise<void> {
  await kubectl(['create', 'secret', 'generic', name, `--namespace=${namespace}`])
  await kubectl(['label', 'secret', name, `--namespace=${namespace}`, 'agent.wecode.io/runtime-config=true'])
}

const WITHIN = { timeout: 60_000 }

it.each([
  ['restarted', () => server.restart()],
  [
    'killed',
    async () => {
      await server.kill()
      await server.restart()
    },
  ],
  ['set back to a short history', () => server.compact()],
])('watches of people, tokens and Secrets go on when the API server was %s', async (_how, happen) => {
  await stores.users.create({ name: 'ada' })
  const namespace = `user-${stores.namespace}`
  await new KubernetesNamespaces(stores.client).ensure({ id: 'ada', namespace })
  const cache = createUserCache({ users: stores.users, clock: systemClock })
  const told: string[] = []
  stores.secrets.onChange((_place, name) => told.push(name))
  await Promise.all([cache.start(stores.signal), stores.start(stores.signal)])
  await label('before', namespace)
  await expect.poll(() => told, WITHIN).toContain('before')
  await happen()
  const other = await stores.another()
  await other.users.create({ name: 'bob' })
  await stores.store.delete('User', { name: 'ada' })
  await other.tokens.revokeSigned('jti-1', '2999-01-01T00:00:00.000Z')
  await label('after', namespace)
  await expect.poll(() => cache.list().map(({ name }) => name), WITHIN).toEqual(['bob'])
  await expect.poll(() => stores.tokens.isSignedRevoked('jti-1'), WITHIN).toBe(true)
  await expect.poll(() => told, WITHIN).toContain('after')
})
