import { describe, expect, it } from 'vitest'
import type { z } from 'zod'

import { NewDeviceToken } from '#protocol/device-token.ts'
import { ExecutionRequest } from '#protocol/execution.ts'
import { ImportDevice } from '#protocol/import-device.ts'
import { ProxyConfigUpdate } from '#protocol/proxy-config.ts'
import { AuthUpload, RuntimeConfigUpdate } from '#protocol/runtime-config.ts'
import { SyncRequest } from '#protocol/sync.ts'

function wrongPaths(schema: z.ZodType, body: unknown): readonly string[] {
  return (schema.safeParse(body).error?.issues ?? []).map((issue) => issue.path.join('/'))
}

describe('a body that changes preferences', () => {
  it.each([
    [{ use_user_config: true }, { use_user_config: true }],
    [
      { use_user_config: false, use_proxy: null },
      { use_user_config: false, use_proxy: null },
    ],
    [
      { use_user_config: true, use_proxy: true, unknown: 1 },
      { use_user_config: true, use_proxy: true },
    ],
  ])('may be %j', (body, parsed) => {
    expect(RuntimeConfigUpdate.parse(body)).toEqual(parsed)
  })

  it.each([
    [{}, 'use_user_config'],
    [{ use_user_config: 'true' }, 'use_user_config'],
    [{ use_user_config: 1 }, 'use_user_config'],
    [{ use_user_config: null }, 'use_user_config'],
    [{ use_user_config: true, use_proxy: 'false' }, 'use_proxy'],
    [null, ''],
    [[], ''],
    ['x', ''],
    [undefined, ''],
  ])('may not be %j', (body, path) => {
    expect(wrongPaths(RuntimeConfigUpdate, body)).toEqual([path])
  })
})

describe('a body that uploads a login', () => {
  it('is a text, of whatever', () => {
    expect(AuthUpload.parse({ auth_json: '', other: 1 })).toEqual({ auth_json: '' })
  })

  it.each([{}, { auth_json: 5 }, { auth_json: null }, { auth_json: { token: 'x' } }])('is not %j', (body) => {
    expect(wrongPaths(AuthUpload, body)).toEqual(['auth_json'])
  })
})

describe('a body that saves a proxy', () => {
  it.each([
    [{}, ''],
    [{ proxy_url: '' }, ''],
    [{ proxy_url: ' http://h:80 ' }, ' http://h:80 '],
  ])('%j means the URL %j', (body, url) => {
    expect(ProxyConfigUpdate.parse(body)).toEqual({ proxy_url: url })
  })

  it.each([{ proxy_url: null }, { proxy_url: 5 }, { proxy_url: ['http://h:80'] }])('is not %j', (body) => {
    expect(wrongPaths(ProxyConfigUpdate, body)).toEqual(['proxy_url'])
  })
})

describe('a body that names devices', () => {
  it('names one to import from', () => {
    expect(ImportDevice.parse({ device_id: 'device-1', x: 1 })).toEqual({ device_id: 'device-1' })
  })

  it.each([{}, { device_id: '' }, { device_id: 5 }, { device_id: 'x'.repeat(101) }])(
    'does not import from %j',
    (body) => {
      expect(wrongPaths(ImportDevice, body)).toEqual(['device_id'])
    },
  )

  it('names none, or some, to sync', () => {
    expect(SyncRequest.parse({})).toEqual({})
    expect(SyncRequest.parse({ device_ids: [] })).toEqual({ device_ids: [] })
    expect(SyncRequest.parse({ device_ids: ['a', 'b'] })).toEqual({ device_ids: ['a', 'b'] })
  })

  it.each([
    [{ device_ids: 'a' }, 'device_ids'],
    [{ device_ids: null }, 'device_ids'],
    [{ device_ids: ['a', ''] }, 'device_ids/1'],
    [{ device_ids: Array.from({ length: 10_001 }, () => 'a') }, 'device_ids'],
  ])('does not sync what is no list of ids', (body, path) => {
    expect(wrongPaths(SyncRequest, body)).toEqual([path])
  })
})

describe('a body that asks for a device token', () => {
  it.each([
    [{ name: ' laptop ' }, { name: 'laptop' }],
    [
      { name: 'laptop', device_id: null, expires_in_seconds: null },
      { name: 'laptop', device_id: null, expires_in_seconds: null },
    ],
    [
      { name: 'laptop', device_id: 'device-1', expires_in_seconds: 3600 },
      { name: 'laptop', device_id: 'device-1', expires_in_seconds: 3600 },
    ],
  ])('may be %j', (body, parsed) => {
    expect(NewDeviceToken.parse(body)).toEqual(parsed)
  })

  it.each([
    [{}, 'name'],
    [{ name: '  ' }, 'name'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ name: 'x', device_id: '' }, 'device_id'],
    [{ name: 'x', expires_in_seconds: 0 }, 'expires_in_seconds'],
    [{ name: 'x', expires_in_seconds: 90.5 }, 'expires_in_seconds'],
    [{ name: 'x', expires_in_seconds: 1e12 }, 'expires_in_seconds'],
    [{ name: 'x', expires_in_seconds: '7d' }, 'expires_in_seconds'],
  ])('may not be %j', (body, path) => {
    expect(wrongPaths(NewDeviceToken, body)).toEqual([path])
  })
})

describe('an execution request', () => {
  it.each([
    { model_config: {} },
    {
      runtime: null,
      include: null,
      model_config: { model: null, base_url: null, api_key: null, proxy: null },
    },
    {
      task: { id: 7 },
      runtime: 'codex',
      include: ['config', 'later'],
      proxy: 'odd',
      model_config: { model: 'openai', temperature: 0.1, proxy: 5, runtime_config: [1], env: { A: 'b' } },
    },
  ])('keeps every field: %j', (body) => {
    expect(ExecutionRequest.parse(body)).toEqual(body)
  })

  it.each([
    [{}, 'model_config'],
    [{ model_config: 'x' }, 'model_config'],
    [{ model_config: [] }, 'model_config'],
    [{ model_config: { api_key: 5 } }, 'model_config/api_key'],
    [{ runtime: 5, model_config: {} }, 'runtime'],
    [{ include: 'config', model_config: {} }, 'include'],
    [[], ''],
  ])('may not be %j', (body, path) => {
    expect(wrongPaths(ExecutionRequest, body)).toEqual([path])
  })
})
