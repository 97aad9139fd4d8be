import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { startTestApi, type TestApi } from '#test/support/api-server.ts'

const PATH = '/users/me/device-tokens'

interface Made {
  readonly id: string
  readonly token: string
}

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
})

afterEach(() => api.stop())

async function make(body: object = { name: 'laptop' }): Promise<Made> {
  return (await api.call('POST', PATH, { body })).body as Made
}

describe('making', () => {
  it('shows the token this once, and never again', async () => {
    const answer = await api.call('POST', PATH, { body: { name: ' laptop ', device_id: 'device-1' } })
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 201,
      body: {
        id: expect.stringMatching(/^[0-9a-f]{20}$/),
        name: 'laptop',
        device_id: 'device-1',
        created_at: '2026-11-21T10:00:00.000Z',
        expires_at: null,
        revoked_at: null,
        token: expect.stringMatching(/^rcd_[0-9a-f]{20}_[\w-]{43}$/),
      },
    })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const { token } = answer.body as Made
    const list = await api.call('GET', PATH)
    expect(list.body).toEqual({ items: [expect.objectContaining({ name: 'laptop' })] })
    expect(list.text).not.toContain(token.slice(-20))
    expect(JSON.stringify(api.log)).not.toContain(token.slice(-20))
  })

  it('gives it an end', async () => {
    const { body } = await api.call('POST', PATH, { body: { name: 'a', expires_in_seconds: 3600 } })
    expect(body).toMatchObject({ expires_at: '2026-11-21T11:00:00.000Z' })
  })

  it.each([
    {},
    { name: '' },
    { name: ' ' },
    { name: 'x'.repeat(101) },
    { name: 'a\u0000b' },
    { name: 'a', device_id: '' },
    { name: 'a', device_id: 'x\n' },
    { name: 'a', expires_in_seconds: 0 },
    { name: 'a', expires_in_seconds: 1.5 },
    { name: 'a', expires_in_seconds: 1e18 },
  ])('refuses the body %j', async (body) => {
    expect((await api.call('POST', PATH, { body })).status).toBe(422)
    expect((await api.call('GET', PATH)).body).toEqual({ items: [] })
  })

  it('makes a token that opens no route for people', async () => {
    const { token } = await make()
    expect((await api.call('GET', PATH, { token })).status).toBe(403)
    expect((await api.call('GET', '/v1/namespaces/default/urc', { token })).status).toBe(403)
  })
})

describe('revoking', () => {
  it('is for good, and safe to repeat', async () => {
    const { id, token } = await make()
    const first = await api.call('DELETE', `${PATH}/${id}`)
    expect(first).toMatchObject({ status: 200, body: { id, revoked_at: '2026-11-21T10:00:00.000Z' } })
    api.clock.jump(60_000)
    const second = await api.call('DELETE', `${PATH}/${id}`)
    expect(second).toMatchObject({ status: 200, body: { revoked_at: '2026-11-21T10:00:00.000Z' } })
    expect((await api.call('GET', PATH, { token })).status).toBe(401)
  })

  it("finds neither another user's token nor one that is not there", async () => {
    const { id } = await make()
    const grace = await api.tokenFor('grace')
    const answers = [
      await api.call('DELETE', `${PATH}/${id}`, { token: grace }),
      await api.call('DELETE', `${PATH}/${'0'.repeat(20)}`),
      await api.call('DELETE', `${PATH}/%00`),
      await api.call('DELETE', `${PATH}/current`),
    ]
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404])
    expect((await api.call('GET', PATH)).body).toMatchObject({ items: [{ id, revoked_at: null }] })
  })
})

describe('the token in use', () => {
  it('can be signed off, alone', async () => {
    api.clock.jump(1000)
    const other = await api.tokenFor('ada')
    const answer = await api.call('DELETE', '/users/me/tokens/current')
    expect(answer).toMatchObject({ status: 200, body: { revoked: true } })
    expect((await api.call('GET', PATH)).status).toBe(401)
    expect((await api.call('GET', PATH, { token: other })).status).toBe(200)
  })
})
