import { afterEach, describe, expect, it } from 'vitest'

import { AppError } from '#core/errors.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { CODEX } from '#test/support/api-stories.ts'

let api: TestApi

afterEach(() => api.stop())

function open(path: string) {
  return api.call('GET', path, { token: null })
}

describe('being alive', () => {
  it('asks the checks that were handed over', async () => {
    api = await startTestApi({ livenessChecks: [{ name: 'reconcile', check: () => {} }] })
    const { status, body } = await open('/livez')
    expect({ status, body }).toEqual({
      status: 200,
      body: { status: 'ok', checks: [{ name: 'reconcile', ok: true, message: null }] },
    })
  })

  it('fails with the reason, but never with the text of a bug', async () => {
    api = await startTestApi({
      livenessChecks: [
        { name: 'loop', check: () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'it stands still')) },
        {
          name: 'other',
          check: () => {
            throw new Error('canary')
          },
        },
      ],
    })
    const { status, body } = await open('/livez')
    expect({ status, body }).toEqual({
      status: 503,
      body: {
        status: 'failed',
        checks: [
          { name: 'loop', ok: false, message: 'it stands still' },
          { name: 'other', ok: false, message: 'the check failed' },
        ],
      },
    })
  })

  it('runs its checks once for all who ask within a second', async () => {
    let runs = 0
    api = await startTestApi({ livenessChecks: [{ name: 'loop', check: () => void (runs += 1) }] })
    await Promise.all([open('/livez'), open('/livez'), open('/livez')])
    expect(runs).toBe(1)
    await api.clock.advance(1000)
    await open('/livez')
    expect(runs).toBe(2)
  })

  it('does not wait for a check that hangs', async () => {
    const asked = Promise.withResolvers<void>()
    const check = () => {
      asked.resolve()
      return new Promise<void>(() => {})
    }
    api = await startTestApi({ livenessChecks: [{ name: 'loop', check }] })
    const answer = open('/livez')
    await asked.promise
    await api.clock.advance(5000)
    expect((await answer).status).toBe(503)
  })
})

describe('being ready', () => {
  it('asks the store, the keyring and what was handed over', async () => {
    api = await startTestApi({ readinessChecks: [{ name: 'watches', check: () => {} }] })
    const { status, body } = await open('/readyz')
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        status: 'ok',
        checks: ['store', 'keyring', 'watches'].map((name) => ({ name, ok: true, message: null })),
      },
    })
  })

  it('fails when the keyring does not open what it seals', async () => {
    const broken = {
      seal: async () => 'sealed',
      open: () => Promise.reject(new AppError('DECRYPT_FAILED', 'it does not open')),
    }
    api = await startTestApi({ sealer: broken })
    expect(await open('/readyz')).toMatchObject({
      status: 503,
      body: {
        checks: [
          { name: 'store', ok: true },
          { name: 'keyring', ok: false, message: 'it does not open' },
        ],
      },
    })
  })

  it('fails when the store is closed', async () => {
    api = await startTestApi({})
    api.close()
    expect((await open('/readyz')).status).toBe(503)
    api = await startTestApi({})
  })
})

describe('metrics', () => {
  it('label a request with its route, never with what the client wrote', async () => {
    api = await startTestApi({})
    await api.call('GET', CODEX)
    await api.call('GET', '/users/me/runtime-configs/canary')
    const { headers, text } = await open('/metrics')
    expect(headers.get('content-type')).toContain('text/plain')
    const label = 'method="GET",route="/users/me/runtime-configs/{runtime}"'
    expect(text).toContain(`runtimeconfig_http_request_duration_seconds_count{${label},status="200"} 1`)
    expect(text).toContain(`runtimeconfig_http_request_duration_seconds_count{${label},status="400"} 1`)
    expect(text).not.toContain('canary')
  })
})
