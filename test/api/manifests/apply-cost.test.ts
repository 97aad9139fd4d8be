import { afterEach, expect, it } from 'vitest'

import { startTestApi, type TestApi } from '#test/support/api-server.ts'

const MINUTE = { windowSeconds: 60 }
const PLENTY = { requests: 100_000, ...MINUTE }

let api: TestApi

afterEach(() => api.stop())

/** Starts an API on which a user may make so many requests a minute. */
async function startWith(requests: number): Promise<void> {
  const rates = { address: PLENTY, user: { requests, ...MINUTE }, execution: PLENTY, refusedTokenCost: 1 }
  api = await startTestApi({ limits: { rates } })
}

async function apply(body: string, token = api.token): Promise<number> {
  const headers = { 'content-type': 'application/yaml' }
  return (await api.call('POST', '/v1/namespaces/default/apply', { body, headers, token })).status
}

it('counts YAML for twenty, and for one more per 256 characters', async () => {
  const yaml = `kind: x\n${'#'.repeat(257 - 8)}`
  await startWith(22 + 20)
  expect([await apply(yaml), await apply('{}'), await apply('{}')]).toEqual([200, 200, 429])
  await api.stop()
  await startWith(22 + 19)
  expect([await apply(yaml), await apply('{}')]).toEqual([200, 429])
})

it('counts JSON of any length for twenty', async () => {
  await startWith(40)
  const json = JSON.stringify({ kind: 'x', text: 'x'.repeat(500_000) })
  expect([await apply(json), await apply(` \n[${json}]`), await apply('{}')]).toEqual([200, 200, 429])
})

it('counts YAML that cannot be read as well', async () => {
  await startWith(20 + 256)
  expect([await apply('a: ['.padEnd(65_536, ',')), await apply('{}')]).toEqual([400, 429])
})

it('refuses YAML that is too costly for what is left, before it is read, and leaves others alone', async () => {
  await startWith(20 + 255)
  expect(await apply('a: ['.padEnd(65_536, ','))).toBe(429)
  expect(await apply('kind: x', await api.tokenFor('grace'))).toBe(200)
})

it('says that YAML is too long, not that it was too often', async () => {
  await startWith(20 + 256)
  expect(await apply('#'.repeat(1_000_000))).toBe(413)
})
