import { expect, it } from 'vitest'

import { AppError } from '#core/errors.ts'
import type { KubeClient } from '#store/kubernetes/client.ts'
import { KubernetesSecretReader } from '#store/kubernetes/secret-reader.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

/** A client that gives no list of Secrets until it is allowed to, and watches for ever. */
function aClient() {
  const client = {
    isAllowed: false,
    requests: 0,
    request: async () => {
      client.requests += 1
      if (!client.isAllowed)
        throw new AppError('STORE_UNAVAILABLE', 'the service account may not list secrets')
      const secret = { metadata: { name: 'login', namespace: 'user-ada', resourceVersion: '5' } }
      return { metadata: { resourceVersion: '7' }, items: [secret] }
    },
    async *stream({ signal }: { readonly signal?: AbortSignal }): AsyncGenerator<string> {
      await new Promise((resolve) => signal?.addEventListener('abort', resolve))
      yield* []
    },
    heardAt: 0,
    close: () => undefined,
  }
  return client satisfies KubeClient
}

it('a list that is never given is asked for ever more rarely, and followed when it is', async () => {
  const clock = new FakeClock()
  const client = aClient()
  const life = new AbortController()
  const reader = new KubernetesSecretReader({ client, clock, random: () => 1 }, 'operator')
  const told: string[] = []
  reader.onChange((namespace, name) => told.push(`${namespace}/${name}`))
  const watching = reader.watch(life.signal)
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 1_000) await clock.advance(1_000)
  }
  await pass(600_000)
  expect(client.requests).toBe(10)
  await pass(3_600_000)
  expect(client.requests).toBeLessThanOrEqual(16)
  client.isAllowed = true
  await pass(660_000)
  expect(told).toEqual(['user-ada/login'])
  life.abort()
  await watching
})
