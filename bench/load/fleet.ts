import { join } from 'node:path'

import { createClient, type Client } from '#cli/client.ts'
import { Secret } from '#core/secret.ts'
import { openSigningKey, signToken } from '#secrets/signing.ts'

import { RawDevice } from './raw-device.ts'

/** A user of the measured server: a client that asks as that user, and the token itself for sockets. */
export interface LoadUser {
  readonly name: string
  readonly token: string
  readonly client: Client
}

/** Makes a user's token with the key of the measured server. */
export async function loadUser(
  server: { readonly address: string; readonly ready: Readonly<Record<string, unknown>> },
  name: string,
): Promise<LoadUser> {
  const key = await openSigningKey(join(String(server.ready['data']), 'signing-key.pem'))
  const { token } = await signToken(key, {
    subject: name,
    scopes: ['user', 'execution', 'admin'],
    expiresInSeconds: 3600,
    now: Date.now(),
  })
  return { name, token, client: createClient(server.address, new Secret(token)) }
}

const AT_ONCE = 50

/** Connects and registers `count` devices named `<prefix>-<n>`, some at a time. */
export async function openFleet(
  address: string,
  options: { readonly count: number; readonly prefix: string; readonly tokenOf: (at: number) => string },
): Promise<readonly RawDevice[]> {
  const devices: RawDevice[] = []
  for (let from = 0; from < options.count; from += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, options.count - from) }, (_unused, at) => {
      const id = `${options.prefix}-${from + at}`
      return RawDevice.open(address, options.tokenOf(from + at), registration(id))
    })
    devices.push(...(await Promise.all(batch)))
  }
  return devices
}

function registration(id: string): Readonly<Record<string, unknown>> {
  return {
    device_id: id,
    name: id,
    device_type: 'local',
    executor_version: '1.8.6',
    app_device_id: '',
    client_ip: '127.0.0.1',
  }
}

/** A heartbeat as a real executor sends it. */
export function heartbeat(id: string, exists: boolean): Readonly<Record<string, unknown>> {
  return {
    device_id: id,
    executor_version: '1.8.6',
    running_task_ids: [],
    capabilities: {
      digest: 'sha256:cfb9cc611aec1065653dcdc7afdab315ff3742b4c0747ba175a6490db104cbab',
      full: true,
      last_sync_at: null,
      mcps: [],
      plugins: [],
      revision: 0,
      skills: [],
    },
    runtime_auth_files: { codex: { exists, target_path: '/home/u/.codex/auth.json' } },
    runtime_capacity: { active: 0, active_task_ids: [], limit: 10, queued: 0 },
    runtime_features: {
      schemaVersion: 1,
      worktrees: {
        deferredPrepare: true,
        managed: true,
        persistentStorageVerified: true,
        preflight: true,
        reconcile: true,
        restore: true,
        snapshots: true,
        version: 1,
      },
    },
    runtime_instance_id: 'runtime-8ac70b2d62f8c1adcb3b3828',
    runtime_transfer_host: '127.0.0.1',
  }
}

/** The answer of an executor that wrote the file. */
export function writtenAnswer(): Readonly<Record<string, unknown>> {
  return {
    success: true,
    exit_code: 0,
    stdout: '{"status":"written","runtime":"codex","path":"~/.codex/auth.json"}\n',
    stderr: '',
    duration: 0.01,
    timed_out: false,
    stdout_truncated: false,
    stderr_truncated: false,
  }
}
