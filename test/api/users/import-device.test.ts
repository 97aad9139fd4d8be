import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { CommandResult } from '#core/device-command.ts'
import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import { aCommandResult, aDeviceReport } from '#test/support/api-devices.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { CODEX, openStoredDocument, problemOf, storedConfig, upload } from '#test/support/api-stories.ts'

const PATH = `${CODEX}/import-device`
const FROM_DEVICE_SHA = 'b7f16f700916b157352b61f990219ac4bcb6521ca04cabdb8d4776355e845f63'

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
})

afterEach(() => api.stop())

function importFrom(deviceId = 'device-1', path = PATH) {
  return api.call('POST', path, { body: { device_id: deviceId } })
}

function answerWith(result: Partial<CommandResult>): void {
  api.devices.add(aDeviceReport(), async () => aCommandResult(result))
}

describe('importing', () => {
  it('77: stores what the device has, and shows only its digest', async () => {
    answerWith({})
    const answer = await importFrom()
    expect({ status: answer.status, body: answer.body }).toMatchObject({
      status: 200,
      body: { configured: true, auth_json_sha256: FROM_DEVICE_SHA, use_user_config: false },
    })
    expect(answer.text).not.toContain('from-device')
    expect(await openStoredDocument(api)).toBe('{\n  "token": "from-device"\n}')
    expect(api.devices.sent).toEqual([
      {
        device: { namespace: 'user-1', deviceId: 'device-1' },
        command: {
          key: 'read_runtime_auth_file',
          runtime: 'codex',
          target: { targetPath: '~/.codex/auth.json', homeVariable: 'CODEX_HOME' },
        },
      },
    ])
  })

  it("78: fails with the device's own text, and stores nothing", async () => {
    answerWith({ status: 'failed', content: null, error: 'runtime auth file does not exist', exitCode: 66 })
    expect(problemOf(await importFrom())).toEqual({ status: 409, detail: 'runtime auth file does not exist' })
    expect((await api.store.list('UserRuntimeConfig')).items).toEqual([])
  })

  it('79: says that a device is offline', async () => {
    api.devices.add(aDeviceReport({ isOnline: false }))
    expect(problemOf(await importFrom())).toEqual({ status: 409, detail: "Device 'device-1' is offline" })
    expect(api.devices.sent).toEqual([])
  })

  it("79: knows neither a device that does not exist nor another user's", async () => {
    api.devices.add(aDeviceReport({ namespace: 'user-2', deviceId: 'foreign' }))
    const unknown = { status: 404, detail: 'Device not found or access denied' }
    expect(problemOf(await importFrom('nobody'))).toEqual(unknown)
    expect(problemOf(await importFrom('foreign'))).toEqual(unknown)
    expect(api.devices.sent).toEqual([])
  })

  it.each([{}, { device_id: '' }, { device_id: 5 }, { device_id: 'x'.repeat(101) }])(
    '79: refuses the body %j',
    async (body) => {
      expect((await api.call('POST', PATH, { body })).status).toBe(422)
    },
  )

  it('79: refuses a runtime nobody registered', async () => {
    answerWith({})
    const answer = await importFrom('device-1', '/users/me/runtime-configs/nope/import-device')
    expect(problemOf(answer)).toEqual({ status: 400, detail: 'Unsupported runtime: nope' })
  })

  it('80: does not take success without content', async () => {
    answerWith({ content: null })
    expect(problemOf(await importFrom())).toEqual({
      status: 409,
      detail: 'device returned an invalid auth file',
    })
  })

  it('80: checks the content as it checks an upload', async () => {
    answerWith({ content: new Secret('[1]') })
    expect(problemOf(await importFrom())).toEqual({ status: 400, detail: 'auth_json must be a JSON object' })
  })

  it('80: does not take part of a file', async () => {
    answerWith({ isTruncated: true, error: 'device command output was truncated' })
    expect(problemOf(await importFrom())).toEqual({
      status: 409,
      detail: 'device command output was truncated',
    })
    expect((await api.store.list('UserRuntimeConfig')).items).toEqual([])
  })

  it('lets a newer upload win that landed while the device was asked', async () => {
    api.devices.add(aDeviceReport(), async () => {
      await upload(api, '{"token":"newer"}')
      return aCommandResult()
    })
    expect(await importFrom()).toMatchObject({ status: 409, body: { code: 'NEWER_DOCUMENT' } })
    expect(await openStoredDocument(api)).toContain('newer')
  })

  it('lets a deletion win that landed while the device was asked', async () => {
    await upload(api, '{"token":"older"}')
    api.devices.add(aDeviceReport(), async () => {
      await api.call('DELETE', `${CODEX}/auth-json`)
      return aCommandResult()
    })
    expect((await importFrom()).status).toBe(409)
    expect((await storedConfig(api)).spec.auth?.encryptedValue).toBeUndefined()
  })

  it('does not take a new status for a newer document', async () => {
    await upload(api, '{"token":"older"}')
    api.devices.add(aDeviceReport(), async () => {
      const config = await storedConfig(api)
      await api.store.updateStatus('UserRuntimeConfig', { ...config, status: { observedGeneration: 1 } })
      return aCommandResult()
    })
    expect((await importFrom()).status).toBe(200)
    expect(await openStoredDocument(api)).toContain('from-device')
  })

  it.each([
    ['DEVICE_OFFLINE', "Device 'device-1' is offline"],
    ['DEVICE_TIMEOUT', "Command RPC timed out after 65 seconds while waiting for device 'device-1'"],
    ['DEVICE_UNSUPPORTED', "Device command key 'read_runtime_auth_file' is not supported for remote devices"],
  ] as const)('passes %s on with its text', async (code, text) => {
    api.devices.add(aDeviceReport(), async () => {
      throw new AppError(code, text)
    })
    expect(await importFrom()).toMatchObject({ status: 409, body: { code, detail: text } })
  })

  it("keeps a device's text on one line and short", async () => {
    answerWith({ status: 'failed', error: `bad\n\u001b[31mthing${'x'.repeat(2000)}\ud800` })
    const { detail } = (await importFrom()).body as { readonly detail: string }
    expect(detail).toMatch(/^bad \[31mthingx+…$/)
    expect(detail).toHaveLength(501)
  })
})
