import { expect, it } from 'vitest'

import { startWholeServer } from '#test/support/whole-server.ts'

const SYNC = '/users/me/runtime-configs/codex/sync'

it('says that nothing is stored even to somebody who asks for a sync before anything else', async () => {
  const server = await startWholeServer()
  for (const user of ['ada', 'grace', 'linus']) {
    const token = await server.tokenFor(user)
    expect(await server.call('POST', SYNC, { token })).toMatchObject({
      status: 409,
      body: { code: 'AUTH_MISSING', detail: 'auth_json is not configured' },
    })
  }
})

it('speaks of the missing login first, and of the unknown device once there is one', async () => {
  const server = await startWholeServer()
  const token = await server.tokenFor('ada')
  const body = { device_ids: ['nobody'] }
  expect(await server.call('POST', SYNC, { token, body })).toMatchObject({
    status: 409,
    body: { code: 'AUTH_MISSING' },
  })
  const login = { auth_json: '{"token":"secret"}' }
  await server.call('POST', '/users/me/runtime-configs/codex/auth-json', { token, body: login })
  expect(await server.call('POST', SYNC, { token, body })).toMatchObject({
    status: 404,
    body: { code: 'DEVICE_UNKNOWN', detail: 'Device not found or access denied' },
  })
})
