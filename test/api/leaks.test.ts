import { inspect } from 'node:util'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { Secret } from '#core/secret.ts'
import { aCommandResult, aDeviceReport } from '#test/support/api-devices.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { CODEX, damageDocument, damageProxy, saveProxy, upload } from '#test/support/api-stories.ts'

const CANARY = 'canary-4711'

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
})

afterEach(() => api.stop())

/** Takes the canary through every feature, and gives everything that came back. */
async function walk(): Promise<readonly string[]> {
  const texts: string[] = []
  const call = async (method: string, path: string, body?: unknown) => {
    texts.push((await api.call(method, path, { body })).text)
  }
  const contents = [`{"token":"${CANARY}"}`, `{"${CANARY}":`, `["${CANARY}"]`]
  for (const auth_json of contents) await call('POST', `${CODEX}/auth-json`, { auth_json })
  for (const content of contents) {
    api.devices.add(aDeviceReport(), async () => aCommandResult({ content: new Secret(content) }))
    await call('POST', `${CODEX}/import-device`, { device_id: 'device-1' })
  }
  for (const url of [
    `http://u:${CANARY}@h:80/?k=${CANARY}`,
    `ftp://u:${CANARY}@h:80`,
    `http://${CANARY} :80`,
  ]) {
    await call('PUT', '/users/me/proxy-config', { proxy_url: url })
  }
  await call('POST', '/users/me/devices/device-1/probe-proxy', {})
  await call('PUT', CODEX, { use_user_config: true, use_proxy: true })
  await call('POST', `${CODEX}/auth-json`, { auth_json: [CANARY] })
  await call('POST', `${CODEX}/auth-json`, `{"auth_json":"${CANARY}`)
  await call('POST', `${CODEX}/sync`, { device_ids: CANARY })
  for (const path of [
    '/users/me/runtime-configs',
    '/users/me/devices',
    '/metrics',
    '/readyz',
    '/openapi.json',
  ]) {
    await call('GET', path)
  }
  for (const kind of ['urc', 'upc', 'dev']) await call('GET', `/v1/namespaces/default/${kind}`)
  await call('POST', '/v1/namespaces/default/apply', {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'UserRuntimeConfig',
    metadata: { name: 'codex' },
    spec: {
      runtime: 'codex',
      auth: { format: 'json', targetPath: '~/.codex/auth.json', encryptedValue: CANARY, sha256: CANARY },
    },
  })
  await damageDocument(api, CANARY)
  await damageProxy(api, CANARY)
  await call('POST', `${CODEX}/sync`, {})
  await call('GET', CODEX)
  await call('GET', '/v1/namespaces/default/urc/codex')
  return texts
}

it('keeps a secret out of every answer, log line and metric', async () => {
  const texts = await walk()
  const found = texts.filter((text) => text.includes(CANARY))
  expect(found).toEqual([])
  expect(inspect(api.log, { depth: null })).not.toContain(CANARY)
  expect(await api.registry.metrics()).not.toContain(CANARY)
})

it('writes who did what to which object from where, and never what', async () => {
  await upload(api, `{"token":"${CANARY}"}`)
  await saveProxy(api, `http://u:${CANARY}@h:80`)
  await api.call('PUT', CODEX, { body: { use_user_config: true, use_proxy: true } })
  api.devices.add(aDeviceReport())
  await api.call('POST', `${CODEX}/sync`)
  await api.call('POST', `${CODEX}/import-device`, { body: { device_id: 'device-1' } })
  await api.call('DELETE', `${CODEX}/auth-json`)
  await saveProxy(api, '')
  const who = {
    user: 'ada',
    token: expect.any(String),
    address: '127.0.0.1',
    request: expect.stringMatching(/^[0-9a-f-]{36}$/),
  }
  const lines = api.log.map(({ level, message, fields }) => ({ level, message, fields }))
  const line = (fields: object) => ({ level: 'info', message: 'audit', fields: { ...who, ...fields } })
  expect(lines).toEqual([
    line({ audit: 'auth-json.upload', runtime: 'codex' }),
    line({ audit: 'proxy.save' }),
    line({ audit: 'preferences.set', runtime: 'codex', use_user_config: true, use_proxy: true }),
    line({ audit: 'auth-json.sync', runtime: 'codex', devices: ['device-1'] }),
    line({ audit: 'auth-json.import', runtime: 'codex', device: 'device-1' }),
    line({ audit: 'auth-json.delete', runtime: 'codex' }),
    line({ audit: 'proxy.clear' }),
  ])
})
