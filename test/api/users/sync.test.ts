import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { aDeviceReport } from '#test/support/api-devices.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { CODEX, damageDocument, problemOf, storedConfig, upload } from '#test/support/api-stories.ts'

const PATH = `${CODEX}/sync`

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
  api.devices.add(aDeviceReport())
  api.devices.add(aDeviceReport({ deviceId: 'device-2' }))
  api.devices.add(aDeviceReport({ namespace: 'user-2', deviceId: 'foreign' }))
})

afterEach(() => api.stop())

describe('requesting a sync', () => {
  it.each([undefined, {}])('syncs every device of the user with the body %j', async (body) => {
    await upload(api, '{"token":"secret"}')
    const answer = await api.call('POST', PATH, { body })
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: {
        runtime: 'codex',
        target_path: '~/.codex/auth.json',
        total: 2,
        items: [
          { device_id: 'device-1', success: true, status: 'written', error: null },
          { device_id: 'device-2', success: true, status: 'written', error: null },
        ],
      },
    })
    expect(api.devices.syncRequests).toEqual([{ namespace: 'user-1', runtime: 'codex' }])
  })

  it('syncs the devices it is told, each once', async () => {
    await upload(api, '{"token":"secret"}')
    await api.call('POST', PATH, { body: { device_ids: ['device-2', 'device-2'] } })
    expect(api.devices.syncRequests).toEqual([
      { namespace: 'user-1', runtime: 'codex', deviceIds: ['device-2'] },
    ])
  })

  it.each(['nobody', 'foreign'])('does not know the device %s', async (deviceId) => {
    await upload(api, '{"token":"secret"}')
    const answer = await api.call('POST', PATH, { body: { device_ids: ['device-1', deviceId] } })
    expect(problemOf(answer)).toEqual({ status: 404, detail: 'Device not found or access denied' })
    expect(api.devices.syncRequests).toEqual([])
  })

  it('refuses when nothing is stored', async () => {
    expect(await api.call('POST', PATH)).toMatchObject({ status: 409, body: { code: 'AUTH_MISSING' } })
  })

  it('51: refuses when what is stored does not open', async () => {
    await upload(api, '{"token":"secret"}')
    await damageDocument(api, 'damaged')
    expect(problemOf(await api.call('POST', PATH))).toEqual({
      status: 409,
      detail: 'auth_json could not be decrypted',
    })
    expect(api.devices.syncRequests).toEqual([])
  })

  it("51: refuses another user's ciphertext, which opens only at its own place", async () => {
    await upload(api, '{"token":"of-grace"}', await api.tokenFor('grace'))
    const { auth } = (await storedConfig(api, 'user-2')).spec
    await upload(api, '{"token":"secret"}')
    await damageDocument(api, auth?.encryptedValue ?? '')
    expect(problemOf(await api.call('POST', PATH))).toEqual({
      status: 409,
      detail: 'auth_json could not be decrypted',
    })
  })
})
