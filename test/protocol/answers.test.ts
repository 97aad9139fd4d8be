import { describe, expect, it } from 'vitest'

import { MadeDeviceToken } from '#protocol/device-token.ts'
import { DeviceList } from '#protocol/device.ts'
import { Problem } from '#protocol/problem.ts'
import { RuntimeConfigView } from '#protocol/runtime-config.ts'
import { SyncAnswer } from '#protocol/sync.ts'
import { UserList } from '#protocol/user.ts'

const NOW = '2026-11-21T10:00:00.000Z'

describe('an answer', () => {
  it('of devices says everything about each runtime, explained', () => {
    const runtime = {
      runtime: 'codex',
      state: 'Missing',
      reason: 'NotBackingOff',
      message: 'waiting after 2 failures',
      target_path: '~/.codex/auth.json',
      attempts: 2,
      next_attempt_at: NOW,
      last_command: 'sync_runtime_auth_file',
      last_result: 'failed',
      last_sync_time: null,
      unblock: 'wait, or ask for a sync',
      next_action: 'write',
      config_layers: [{ type: 'user', version: null }],
      gates: [{ name: 'Enabled', passed: true, message: 'the switch is on' }],
    }
    const device = {
      device_id: 'device-1',
      display_name: 'Laptop',
      device_type: 'local',
      online: true,
      executor_version: null,
      last_heartbeat_at: NOW,
      suspended: false,
      credential_shared: false,
      proxy_probe: {
        device_id: 'device-1',
        reachable: true,
        connect_accepted: false,
        authenticated: null,
        tls_intact: null,
        message: 'the proxy answered 403 when asked to connect',
        probed_at: NOW,
      },
      runtimes: [runtime],
    }
    expect(DeviceList.parse({ items: [device] })).toEqual({ items: [device] })
  })

  it('of users says who they are, and nothing else', () => {
    const user = { name: 'ada', email: null, role: 'user', is_active: true, namespace: 'user-1' }
    expect(UserList.parse({ items: [{ ...user, preferences: { theme: 'dark' } }] })).toEqual({
      items: [user],
    })
  })

  it('of a sync says what each device made of it', () => {
    const answer = {
      runtime: 'codex',
      target_path: '~/.codex/auth.json',
      total: 2,
      items: [
        { device_id: 'a', success: true, status: 'written', error: null },
        { device_id: 'b', success: false, status: 'offline', error: "Device 'b' is offline" },
      ],
    }
    expect(SyncAnswer.parse(answer)).toEqual(answer)
  })

  it('that made a token shows it', () => {
    const made = {
      id: 't1',
      name: 'laptop',
      device_id: null,
      created_at: NOW,
      expires_at: null,
      revoked_at: null,
      token: 'secret',
    }
    expect(MadeDeviceToken.parse(made)).toEqual(made)
  })

  it('that refuses says why, and where', () => {
    const problem = {
      type: 'about:blank',
      title: 'Value is not valid',
      status: 422,
      detail: 'the body is not what this route takes',
      code: 'INVALID',
      errors: [{ path: '/device_id', message: 'expected string' }],
    }
    expect(Problem.parse(problem)).toEqual(problem)
    expect(Problem.safeParse({ ...problem, status: 200 }).success).toBe(false)
  })

  it('is not one with an unknown form of time or digest', () => {
    const view = {
      runtime: 'codex',
      display_name: 'Codex',
      use_user_config: false,
      use_proxy: false,
      configured: true,
      target_path: '~/.codex/auth.json',
      auth_json_sha256: 'a'.repeat(64),
      auth_json_updated_at: NOW,
      proxy_configured: false,
      proxy_url_masked: '',
      proxy_updated_at: null,
      updated_at: NOW,
    }
    expect(RuntimeConfigView.parse(view)).toEqual(view)
    expect(RuntimeConfigView.safeParse({ ...view, auth_json_sha256: 'A' }).success).toBe(false)
    expect(RuntimeConfigView.safeParse({ ...view, updated_at: '21.11.2026' }).success).toBe(false)
  })
})
