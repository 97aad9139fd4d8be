import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, it } from 'vitest'

import type { Client } from '#cli/client.ts'
import { API_VERSION } from '#crds/group.ts'
import { eventually, startInstallation, type TestDevice } from '#test/support/installation.ts'
import { seededRandom } from '#test/support/random.ts'

const KILLS = Number(process.env['KILLS'] ?? 100)
const SEED = Number(process.env['SEED'] ?? 20_261_121)
const CODEX = '/users/me/runtime-configs/codex'

interface Attempt {
  readonly sha256: string
  readonly fileText: string
  acknowledged: boolean
}

interface Switch {
  readonly on: boolean
  acknowledged: boolean
}

interface RuntimeConfig {
  readonly auth_json_sha256: string | null
  readonly use_user_config: boolean
}

it(`keeps what it answered and converges when it is killed ${KILLS} times (seed ${SEED})`, async () => {
  const random = seededRandom(SEED)
  const installation = await startInstallation(['--log-level', 'warn'])
  const client = await installation.client('alice')
  const devices = await Promise.all(['one', 'two', 'three'].map((id) => installation.addDevice('alice', id)))
  await allowReplacing(client)
  await Promise.all(devices.map((device) => device.start()))
  const attempts: Attempt[] = []
  const switches: Switch[] = []
  for (let kill = 0; kill < KILLS; kill += 1) {
    // The moment is random within what the server does, so the devices have to be there for it.
    await untilOnline(client, devices)
    const activity = keepBusy({ client, devices, attempts, switches, random })
    await sleep(random() * 250)
    await installation.server().kill('SIGKILL')
    await activity.stop()
    await expectWholeFiles(devices, attempts)
    await installation.startServer()
    await expectNothingLost(client, { attempts, switches })
  }
  await turnOn(client)
  await expectConverged({ client, devices, attempts })
  await installation.close()
  expect(attempts.filter((attempt) => attempt.acknowledged).length).toBeGreaterThan(KILLS / 2)
  expect(switches.filter((each) => each.acknowledged).length).toBeGreaterThan(KILLS / 2)
})

async function untilOnline(client: Client, devices: readonly TestDevice[]): Promise<void> {
  await eventually('every device to be online', async () => {
    const { items } = (await client.call({ path: '/users/me/devices' })) as {
      readonly items: readonly { readonly online: boolean }[]
    }
    return items.filter(({ online }) => online).length === devices.length
  })
}

// A stale copy of ours may be replaced, so that "everything converges" means the newest document everywhere.
async function allowReplacing(client: Client): Promise<void> {
  await turnOn(client)
  const spec = {
    runtime: 'codex',
    auth: { format: 'json', targetPath: '~/.codex/auth.json', updatePolicy: 'IfStale' },
  }
  const manifest = {
    apiVersion: API_VERSION,
    kind: 'UserRuntimeConfig',
    metadata: { name: 'codex', namespace: 'default' },
    spec,
  }
  await client.call({ method: 'POST', path: '/v1/namespaces/default/apply', body: manifest })
}

interface Scene {
  readonly client: Client
  readonly devices: readonly TestDevice[]
  readonly attempts: Attempt[]
  readonly switches: Switch[]
  readonly random: () => number
}

// Uploads, toggles, syncs and lost files, over and over, until the server is gone.
function keepBusy(scene: Scene): { stop(): Promise<void> } {
  const over = new AbortController()
  const loops = [upload, toggle, sync, loseFile].map(async (act) => {
    while (!over.signal.aborted) {
      await act(scene).catch(() => {})
      await sleep(scene.random() * 15)
    }
  })
  return {
    async stop() {
      over.abort()
      await Promise.all(loops)
    },
  }
}

async function upload({ client, attempts, random }: Scene): Promise<void> {
  const document = { token: `v${attempts.length}`, pad: 'x'.repeat(Math.floor(random() * 200_000)) }
  const normal = JSON.stringify({ pad: document.pad, token: document.token }, null, 2)
  const attempt = {
    sha256: createHash('sha256').update(normal).digest('hex'),
    fileText: `${normal}\n`,
    acknowledged: false,
  }
  attempts.push(attempt)
  await client.call({
    method: 'POST',
    path: `${CODEX}/auth-json`,
    body: { auth_json: JSON.stringify(document) },
  })
  attempt.acknowledged = true
}

async function toggle({ client, switches }: Scene): Promise<void> {
  const attempt = { on: switches.at(-1)?.on === false, acknowledged: false }
  switches.push(attempt)
  await client.call({ method: 'PUT', path: CODEX, body: { use_user_config: attempt.on } })
  attempt.acknowledged = true
}

async function turnOn(client: Client): Promise<void> {
  await client.call({ method: 'PUT', path: CODEX, body: { use_user_config: true } })
}

async function sync({ client }: Scene): Promise<void> {
  await client.call({ method: 'POST', path: `${CODEX}/sync`, body: {} })
}

async function loseFile({ devices, random }: Scene): Promise<void> {
  const device = devices[Math.floor(random() * devices.length)]
  if (device !== undefined) await rm(device.path('~/.codex/auth.json'), { force: true })
  await sleep(20)
}

async function expectWholeFiles(devices: readonly TestDevice[], attempts: readonly Attempt[]): Promise<void> {
  for (const device of devices) {
    const text = await readFile(device.path('~/.codex/auth.json'), 'utf8').catch(() => null)
    const isWhole = text === null || attempts.some((attempt) => attempt.fileText === text)
    expect(isWhole, `${device.id} holds a whole document or none, not ${text?.length} characters`).toBe(true)
  }
}

interface Asked {
  readonly attempts: readonly Attempt[]
  readonly switches: readonly Switch[]
}

async function expectNothingLost(client: Client, { attempts, switches }: Asked): Promise<void> {
  const config = (await client.call({ path: CODEX })) as RuntimeConfig
  expect({
    'the document is one that may be there': isAmong(attempts, (it) => it.sha256 === config.auth_json_sha256),
    'the switch stands where it may stand': isAmong(switches, ({ on }) => on === config.use_user_config),
  }).toEqual({
    'the document is one that may be there': true,
    'the switch stands where it may stand': true,
  })
}

// Each is asked for after the one before was answered or lost: what is there is the last answered, or one that came later.
function isAmong<T extends { readonly acknowledged: boolean }>(
  asked: readonly T[],
  isThere: (attempt: T) => boolean,
): boolean {
  const last = asked.findLastIndex(({ acknowledged }) => acknowledged)
  return last === -1 || asked.slice(last).some(isThere)
}

interface DeviceView {
  readonly online: boolean
  readonly runtimes: readonly { readonly runtime: string; readonly state: string }[]
}

interface End {
  readonly client: Client
  readonly devices: readonly TestDevice[]
  readonly attempts: readonly Attempt[]
}

async function expectConverged({ client, devices, attempts }: End): Promise<void> {
  const config = (await client.call({ path: CODEX })) as RuntimeConfig
  const stored = attempts.find((attempt) => attempt.sha256 === config.auth_json_sha256)
  for (const device of devices) {
    let last: unknown = null
    const look = async () => {
      const view = (await client.call({ path: `/users/me/devices/${device.id}` })) as DeviceView
      const row = view.runtimes.find(({ runtime }) => runtime === 'codex')
      const text = await readFile(device.path('~/.codex/auth.json'), 'utf8').catch(() => null)
      last = {
        row,
        online: view.online,
        wanted: stored?.sha256,
        found: attempts.find((each) => each.fileText === text)?.sha256 ?? text?.length,
      }
      return row?.state === 'InSync' && text === stored?.fileText
    }
    await eventually(`${device.id} to hold the stored document and be InSync`, look).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}; it was ${JSON.stringify(last)}`)
      },
    )
    expect(await readdir(dirname(device.path('~/.codex/auth.json')))).toEqual(['auth.json'])
  }
}
