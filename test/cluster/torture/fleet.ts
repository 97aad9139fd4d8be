import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

import { createClient } from '#cli/client.ts'
import { Secret } from '#core/secret.ts'
import { GROUP, VERSION } from '#crds/group.ts'
import { type SigningKey, signToken } from '#secrets/signing.ts'

import type { Direct } from './direct.ts'
import { type Endpoint, FencedDevice } from './fenced-device.ts'

/** One user, the document stored last, and the devices that are to have it. */
export class FleetUser {
  readonly name: string
  readonly devices: readonly FencedDevice[]
  readonly #token: string
  readonly #endpoints: () => readonly Endpoint[]
  /** What only the document stored last holds. */
  #newest = ''
  #uploads = 0

  constructor(setting: {
    readonly name: string
    readonly token: string
    readonly devices: number
    readonly endpoints: () => readonly Endpoint[]
    readonly random: () => number
  }) {
    const { name, token, devices, endpoints, random } = setting
    this.name = name
    this.#token = token
    this.#endpoints = endpoints
    this.devices = Array.from(
      { length: devices },
      (_unused, at) => new FencedDevice({ id: `${name}-d${at}`, token, endpoints, random }),
    )
  }

  /** Devices that are not connected, or have another document than the one stored last. */
  get outOfSync(): readonly FencedDevice[] {
    const token = this.#newest
    return this.devices.filter(
      ({ replica, content }) => replica === null || content?.includes(token) !== true,
    )
  }

  /** Stores a new document, at whatever replica answers. */
  async upload(): Promise<void> {
    this.#uploads += 1
    const token = createHash('sha256').update(`${this.name} ${this.#uploads}`).digest('hex')
    const body = { auth_json: JSON.stringify({ token }) }
    await this.call('POST', '/users/me/runtime-configs/codex/auth-json', body)
    this.#newest = token
  }

  async toggle(isOn: boolean): Promise<void> {
    await this.call('PUT', '/users/me/runtime-configs/codex', { use_user_config: isOn })
  }

  /** Asks until a replica that lives answers. */
  async call(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown> {
    const problems: string[] = []
    for (let tries = 0; tries < 100; tries += 1) {
      const endpoints = this.#endpoints()
      const endpoint = endpoints[tries % endpoints.length]
      if (endpoint === undefined) throw new Error('expected a replica that serves')
      const client = createClient(endpoint.address, new Secret(this.#token))
      try {
        return await client.call({ method, path, ...(body !== undefined && { body }) })
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error))
        await pause(100)
      }
    }
    throw new Error(`expected an answer to ${method} ${path}: ${problems.slice(-3).join('; ')}`)
  }

  /** Lets documents that were delivered be replaced by newer ones. */
  async replaceStale(direct: Direct): Promise<void> {
    const path = `/apis/${GROUP}/${VERSION}/namespaces/user-${this.name}/userruntimeconfigs/codex`
    const { status, body } = await direct.call('PATCH', path, { spec: { auth: { updatePolicy: 'IfStale' } } })
    if (status !== 200)
      throw new Error(`expected 200 from PATCH ${path}, got ${status} ${String(body['message'])}`)
  }
}

/** Makes users and their tokens. */
export async function makeUsers(
  key: SigningKey,
  setting: {
    readonly users: number
    readonly devicesEach: number
    readonly endpoints: () => readonly Endpoint[]
    readonly random: () => number
  },
): Promise<readonly FleetUser[]> {
  const { users, devicesEach, endpoints, random } = setting
  return Promise.all(
    Array.from({ length: users }, async (_unused, at) => {
      const name = `fleet-${at}`
      const request = { subject: name, scopes: ['user'] as const, expiresInSeconds: 7200, now: Date.now() }
      const { token } = await signToken(key, request)
      return new FleetUser({ name, token, devices: devicesEach, endpoints, random })
    }),
  )
}
