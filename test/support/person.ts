import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import type { Client } from '#cli/client.ts'
import { API_VERSION } from '#crds/group.ts'
import type { DeviceRuntimeView, DeviceView } from '#protocol/device.ts'
import type { RuntimeConfigView } from '#protocol/runtime-config.ts'
import type { SyncAnswer } from '#protocol/sync.ts'

import { Executor, type ExecutorIdentity } from './executor.ts'
import { eventually, type Installation } from './installation.ts'

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}

/** A configuration as `GET /v1/namespaces/default/userruntimeconfigs` shows it. */
export interface ShownConfig {
  readonly metadata: { readonly name: string }
  readonly status?: { readonly conditions?: readonly Condition[]; readonly devices?: object }
}

/** Somebody with a token, who does what people do over HTTP. */
export class Person {
  readonly name: string
  readonly client: Client
  readonly #installation: Installation

  private constructor(installation: Installation, name: string, client: Client) {
    this.#installation = installation
    this.name = name
    this.client = client
  }

  /** A person of one test's own. */
  static async arrive(installation: Installation, name: string): Promise<Person> {
    return new Person(installation, name, await installation.client(name))
  }

  upload(text: string, runtime = 'codex'): Promise<unknown> {
    const path = `/users/me/runtime-configs/${runtime}/auth-json`
    return this.client.call({ method: 'POST', path, body: { auth_json: text } })
  }

  turn(to: 'on' | 'off', runtime = 'codex'): Promise<unknown> {
    const body = { use_user_config: to === 'on' }
    return this.client.call({ method: 'PUT', path: `/users/me/runtime-configs/${runtime}`, body })
  }

  /** Stores a login and switches it on. */
  async wants(text: string, runtime = 'codex'): Promise<void> {
    await this.upload(text, runtime)
    await this.turn('on', runtime)
  }

  /** Says what may be done to files that are there. */
  allow(
    policies: { readonly updatePolicy?: string; readonly removalPolicy?: string },
    runtime = 'codex',
  ): Promise<unknown> {
    const auth = { format: 'json', targetPath: '~/.codex/auth.json', ...policies }
    const metadata = { name: runtime, namespace: 'default' }
    const body = { apiVersion: API_VERSION, kind: 'UserRuntimeConfig', metadata, spec: { runtime, auth } }
    return this.client.call({ method: 'POST', path: '/v1/namespaces/default/apply', body })
  }

  async stored(runtime = 'codex'): Promise<RuntimeConfigView> {
    return (await this.client.call({ path: `/users/me/runtime-configs/${runtime}` })) as RuntimeConfigView
  }

  async importFrom(deviceId: string, runtime = 'codex'): Promise<RuntimeConfigView> {
    const path = `/users/me/runtime-configs/${runtime}/import-device`
    const body = { device_id: deviceId }
    return (await this.client.call({ method: 'POST', path, body })) as RuntimeConfigView
  }

  async sync(...deviceIds: readonly string[]): Promise<SyncAnswer> {
    const body = { device_ids: deviceIds }
    const path = '/users/me/runtime-configs/codex/sync'
    return (await this.client.call({ method: 'POST', path, body })) as SyncAnswer
  }

  async devices(): Promise<readonly DeviceView[]> {
    const { items } = (await this.client.call({ path: '/users/me/devices' })) as {
      readonly items: readonly DeviceView[]
    }
    return items
  }

  async row(deviceId: string, runtime = 'codex'): Promise<DeviceRuntimeView> {
    const row = await this.#findRow(deviceId, runtime)
    if (row === undefined) throw new Error(`there is no ${runtime} on ${deviceId}`)
    return row
  }

  /** The row, once it is so. The failure shows how it was last. */
  async rowOnce(
    deviceId: string,
    expected: Partial<DeviceRuntimeView>,
    runtime = 'codex',
  ): Promise<DeviceRuntimeView> {
    let last: DeviceRuntimeView | undefined
    const entries = Object.entries(expected)
    const look = async (): Promise<DeviceRuntimeView | null> => {
      const row = await this.#findRow(deviceId, runtime)
      last = row
      if (row === undefined) return null
      const now = new Map<string, unknown>(Object.entries(row))
      return entries.every(([name, value]) => now.get(name) === value) ? row : null
    }
    return eventually(`${runtime} on ${deviceId} to be ${JSON.stringify(expected)}`, look).catch(
      (cause: unknown) => {
        throw new Error(`${String(cause)}; it was ${JSON.stringify(last)}`, { cause })
      },
    )
  }

  async condition(type: string, runtime = 'codex'): Promise<Condition | undefined> {
    const { items } = (await this.client.call({ path: '/v1/namespaces/default/userruntimeconfigs' })) as {
      readonly items: readonly ShownConfig[]
    }
    const config = items.find(({ metadata }) => metadata.name === runtime)
    return config?.status?.conditions?.find((condition) => condition.type === type)
  }

  /** An executor of this person, registered, with an empty home; it goes away when the test ends. */
  async executor(id: string, type: ExecutorIdentity['type'] = 'local'): Promise<Executor> {
    const home = join(this.#installation.root, 'executors', this.name, id)
    await mkdir(home, { recursive: true, mode: 0o700 })
    const { token } = (await this.client.call({
      method: 'POST',
      path: '/users/me/device-tokens',
      body: { name: id, device_id: id },
    })) as { readonly token: string }
    const address = this.#installation.address()
    const executor = await Executor.connect({ address, token, id, home, type })
    onTestFinished(() => executor.close())
    return executor
  }

  async #findRow(deviceId: string, runtime: string): Promise<DeviceRuntimeView | undefined> {
    const device = (await this.devices()).find((each) => each.device_id === deviceId)
    return device?.runtimes.find((each) => each.runtime === runtime)
  }
}
