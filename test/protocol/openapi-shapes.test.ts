import { describe, expect, it } from 'vitest'
import { z } from 'zod'

import { ConfigEdits, ConfigLayerView, ConfigView, ConfigWritten } from '#protocol/config.ts'
import { DeviceTokenList, DeviceTokenView, MadeDeviceToken, NewDeviceToken } from '#protocol/device-token.ts'
import { DeviceList, DeviceRuntimeView, DeviceView, GateView } from '#protocol/device.ts'
import { ExecutionConfig, ExecutionRequest, ExecutionRuntimeConfig } from '#protocol/execution.ts'
import { ImportDevice } from '#protocol/import-device.ts'
import { Problem } from '#protocol/problem.ts'
import { ProxyConfigUpdate, ProxyConfigView } from '#protocol/proxy-config.ts'
import {
  AuthUpload,
  RuntimeConfigList,
  RuntimeConfigUpdate,
  RuntimeConfigView,
} from '#protocol/runtime-config.ts'
import { SyncAnswer, SyncItem, SyncRequest } from '#protocol/sync.ts'

const BODIES = {
  AuthUpload,
  ConfigEdits,
  ExecutionRequest,
  ImportDevice,
  NewDeviceToken,
  ProxyConfigUpdate,
  RuntimeConfigUpdate,
  SyncRequest,
}
const ANSWERS = {
  ConfigLayerView,
  ConfigView,
  ConfigWritten,
  DeviceList,
  DeviceRuntimeView,
  DeviceTokenList,
  DeviceTokenView,
  DeviceView,
  ExecutionConfig,
  ExecutionRuntimeConfig,
  GateView,
  MadeDeviceToken,
  Problem,
  ProxyConfigView,
  RuntimeConfigList,
  RuntimeConfigView,
  SyncAnswer,
  SyncItem,
}

const rows = [
  ...Object.entries(BODIES).map(([name, schema]) => ({ name, schema, io: 'input' as const })),
  ...Object.entries(ANSWERS).map(([name, schema]) => ({ name, schema, io: 'output' as const })),
]

describe('the shapes of the HTTP API', () => {
  it.each(rows)('describe every field of $name for OpenAPI 3.1', ({ schema, io }) => {
    const { $ref, $defs = {} } = z.toJSONSchema(schema, { io })
    expect($ref).toBe(`#/$defs/${schema.meta()?.id}`)
    expect(Object.entries($defs).flatMap(([name, part]) => undescribed(part, name))).toEqual([])
  })

  it('have names of their own', () => {
    const names = rows.map(({ schema }) => schema.meta()?.id)
    expect(new Set(names).size).toBe(rows.length)
    expect(names).not.toContain(undefined)
  })

  it('mark what is only ever sent to us', () => {
    const { $defs } = z.toJSONSchema(AuthUpload, { io: 'input' })
    expect($defs?.['AuthUpload']?.properties?.['auth_json']).toMatchObject({
      type: 'string',
      writeOnly: true,
    })
  })

  it('ask for exactly the twelve keys of a runtime configuration', () => {
    expect(z.toJSONSchema(RuntimeConfigView).$defs?.['RuntimeConfig']?.required).toEqual([
      'runtime',
      'display_name',
      'use_user_config',
      'use_proxy',
      'configured',
      'target_path',
      'auth_json_sha256',
      'auth_json_updated_at',
      'proxy_configured',
      'proxy_url_masked',
      'proxy_updated_at',
      'updated_at',
    ])
  })
})

interface JsonSchema {
  readonly description?: string
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
}

/** Paths of the properties about which a reader of the OpenAPI document would learn nothing. */
function undescribed(schema: unknown, path: string): readonly string[] {
  const { description, $ref, properties = {}, items } = schema as JsonSchema
  const parts = { ...properties, ...items?.properties }
  const below = Object.entries(parts).flatMap(([name, part]) => undescribed(part, `${path}/${name}`))
  return description === undefined && $ref === undefined ? [path, ...below] : below
}
