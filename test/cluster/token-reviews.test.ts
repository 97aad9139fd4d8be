import { afterEach, beforeAll, beforeEach, expect, inject, it } from 'vitest'

import { openClusterStores } from '#test/support/kubernetes-stores.ts'

import { applyDefinitions } from './kubectl.ts'
import { makeServiceAccount } from './service-account.ts'

const AUDIENCE = 'runtime-config-operator/peers'

beforeAll(applyDefinitions)

let stores: Awaited<ReturnType<typeof openClusterStores>>
beforeEach(async () => {
  stores = await openClusterStores(inject('kubeconfig'))
})
afterEach(() => stores.close())

async function aToken(audiences?: readonly string[]): Promise<string> {
  const account = { namespace: stores.namespace, name: 'operator' }
  const options = audiences === undefined ? account : { ...account, audiences }
  return (await makeServiceAccount(inject('kubeconfig'), options)).token
}

it('a token of a service account stands for it, at the audience it is for', async () => {
  const reviewed = await stores.tokenReviews.review(await aToken([AUDIENCE]), [AUDIENCE, 'another'])
  expect(reviewed).toEqual({
    username: `system:serviceaccount:${stores.namespace}:operator`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${stores.namespace}`, 'system:authenticated'],
    audiences: [AUDIENCE],
  })
})

it('a token for another audience stands for nobody', async () => {
  expect(await stores.tokenReviews.review(await aToken([AUDIENCE]), ['another'])).toBeNull()
  expect(await stores.tokenReviews.review(await aToken(), [AUDIENCE])).toBeNull()
  expect(await stores.tokenReviews.review(await aToken([AUDIENCE]), [])).toBeNull()
})

it.each([
  ['nothing', ''],
  ['blanks', '  '],
  ['a blank and something', ' x'],
  ['something that is not ASCII', 'ümlaut'],
  ['garbage', 'garbage'],
  ['a token that nobody signed', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.'],
  ['two lines', 'a\r\nx-remote-user: admin'],
  ['something long', 'a'.repeat(100_000)],
])('%s stands for nobody', async (_what, token) => {
  expect(await stores.tokenReviews.review(token, [AUDIENCE])).toBeNull()
})

it('a token of an account that is gone stands for nobody', async () => {
  const token = await aToken([AUDIENCE])
  const path = `/api/v1/namespaces/${stores.namespace}/serviceaccounts/operator`
  await stores.client.request({ method: 'DELETE', path })
  await expect.poll(() => stores.tokenReviews.review(token, [AUDIENCE]), { timeout: 30_000 }).toBeNull()
})
