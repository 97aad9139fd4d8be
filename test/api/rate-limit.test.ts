import { afterEach, describe, expect, it } from 'vitest'

import type { RateLimits } from '#api/rate-limit.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { CODEX, upload } from '#test/support/api-stories.ts'

const PLENTY = { requests: 1000, windowSeconds: 60 }
const THREE = { requests: 3, windowSeconds: 60 }

let api: TestApi

afterEach(() => api.stop())

async function startWith(rates: Partial<RateLimits>, trustProxy: number | false = false) {
  const limits = {
    rates: { address: PLENTY, user: PLENTY, execution: PLENTY, refusedTokenCost: 1, ...rates },
  }
  api = await startTestApi({ limits, trustProxy })
}

async function statuses(count: number, headers: Readonly<Record<string, string>> = {}, token = api.token) {
  const all: number[] = []
  for (let at = 0; at < count; at += 1) all.push((await api.call('GET', CODEX, { token, headers })).status)
  return all
}

describe('asking too often', () => {
  it('gets a user 429 with the time to wait, and leaves other users alone', async () => {
    await startWith({ user: THREE })
    expect(await statuses(3)).toEqual([200, 200, 200])
    const answer = await api.call('GET', CODEX)
    expect(answer).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } })
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await statuses(1, {}, await api.tokenFor('grace'))).toEqual([200])
    const { text } = await api.call('GET', '/metrics', { token: null })
    expect(text).toContain('runtimeconfig_http_rate_limited_total 1')
  })

  it('is counted per user, whatever token it comes with', async () => {
    await startWith({ user: THREE })
    const other = await api.tokenFor('ada')
    expect([...(await statuses(2)), ...(await statuses(2, {}, other))]).toEqual([200, 200, 200, 429])
  })

  it('is counted per address before any token is looked at', async () => {
    await startWith({ address: THREE, refusedTokenCost: 0 })
    expect(await statuses(4, {}, 'garbled')).toEqual([401, 401, 401, 429])
  })

  it('counts a refused token for more', async () => {
    await startWith({ address: { requests: 10, windowSeconds: 60 }, refusedTokenCost: 100 })
    expect(await statuses(2, {}, 'garbled')).toEqual([401, 429])
  })

  it('does not stop probes, and stops everything else, whatever it asks for', async () => {
    await startWith({ address: THREE })
    await statuses(5)
    const paths = ['/livez', '/readyz', '/metrics', '/openapi.json', '/nope']
    const answers = await Promise.all(paths.map((path) => api.call('GET', path)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 429, 429])
  })

  it('counts an apply for twenty', async () => {
    await startWith({ user: { requests: 30, windowSeconds: 60 } })
    const apply = () => api.call('POST', '/v1/namespaces/default/apply', { body: {} })
    expect([(await apply()).status, (await apply()).status]).toEqual([200, 429])
  })

  it('counts an execution back end apart from its user', async () => {
    await startWith({ user: THREE, execution: PLENTY })
    const token = await api.tokenFor('ada', ['execution'])
    for (let at = 0; at < 5; at += 1) {
      const answer = await api.call('POST', '/execution-requests/enrich', {
        body: { model_config: {} },
        token,
      })
      expect(answer.status).toBe(200)
    }
    expect((await upload(api, '{}')).status).toBe(200)
  })
})

describe('the address', () => {
  it('is that of the socket, whatever a header says', async () => {
    await startWith({ address: THREE })
    const all = await Promise.all(
      [1, 2, 3, 4].map((at) => api.call('GET', CODEX, { headers: { 'x-forwarded-for': `10.0.0.${at}` } })),
    )
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 429])
  })

  it('is what the proxy in front says, when that proxy is trusted', async () => {
    await startWith({ address: THREE }, 1)
    expect(await statuses(3, { 'x-forwarded-for': '10.0.0.1' })).toEqual([200, 200, 200])
    expect(await statuses(1, { 'x-forwarded-for': '10.0.0.1' })).toEqual([429])
    expect(await statuses(1, { 'x-forwarded-for': '10.0.0.1, 10.0.0.2' })).toEqual([200])
  })
})
