import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

import { AppError } from '#core/errors.ts'
import { API_VERSION } from '#crds/group.ts'

import { look, rowOf, until, untilState } from './observe.ts'
import type { Progress } from './progress.ts'
import type { DemoDevice, World } from './world.ts'

/** How one device's part of the story ended. */
export interface Ending {
  readonly device: string
  readonly story: string
  readonly state: string
  readonly reason: string
  /** From the moment the file was wanted and the device there, to the complete file; `null`: it never got one. */
  readonly seconds: number | null
  readonly removed: boolean
}

/** What the story showed, for the table and for `--output json`. */
export interface Outcome {
  readonly endings: readonly Ending[]
  /** The `explain` of the device that was left alone: gate name, passed, message. */
  readonly explained: readonly { readonly name: string; readonly passed: boolean; readonly message: string }[]
  readonly proxy: string
}

const LOGIN = { auth_mode: 'apikey', OPENAI_API_KEY: 'demo-key-that-opens-nothing' }
const OWN_LOGIN = '{"OPENAI_API_KEY":"my-own-key"}\n'
const PROXY = 'http://demo:demo-password@127.0.0.1:3128'
const CODEX = '/users/me/runtime-configs/codex'

interface Cast {
  readonly desk: DemoDevice
  readonly laptop: DemoDevice
  readonly train: DemoDevice
  readonly studio: DemoDevice
}

/** Plays the story. Rejects at the first thing that comes out differently, saying what was expected and what came. */
export async function playStory(world: World, progress: Progress): Promise<Outcome> {
  progress.chapter('Four machines')
  const cast = await gather(world, progress)
  progress.chapter('One login, stored once')
  const seconds = await deliver(world, cast, progress)
  progress.chapter('A proxy')
  const proxy = await useProxy(world, progress)
  progress.chapter('The one that was left alone')
  const explained = await explainLaptop(world, cast, progress)
  progress.chapter('Switched off again')
  await removeEverywhere(world, cast, progress)
  return { endings: await endings(world, cast, seconds), explained, proxy }
}

async function gather(world: World, progress: Progress): Promise<Cast> {
  const [desk, laptop, train, studio] = await Promise.all(
    (['desk', 'laptop', 'train', 'studio'] as const).map((id) => world.addDevice(id)),
  )
  if (!desk || !laptop || !train || !studio) throw new AppError('DEVICE_UNKNOWN', 'expected four devices')
  await mkdir(dirname(laptop.authFile), { recursive: true, mode: 0o700 })
  await writeFile(laptop.authFile, OWN_LOGIN, { mode: 0o600 })
  await progress.step('desk and studio have no login, laptop has its own, train is offline', async () => {
    await Promise.all([desk.start(), laptop.start(), studio.start()])
    await Promise.all([desk, laptop, studio].map(({ id }) => untilState(world, id, ['NotManaged'])))
  })
  return { desk, laptop, train, studio }
}

async function deliver(
  world: World,
  { desk, laptop, train, studio }: Cast,
  progress: Progress,
): Promise<Seconds> {
  const { client } = world
  const before = await look(laptop.authFile)
  await progress.step('the login is stored, encrypted', async () => {
    await client.call({
      method: 'POST',
      path: `${CODEX}/auth-json`,
      body: { auth_json: JSON.stringify(LOGIN) },
    })
  })
  const enabledAt = performance.now()
  const first = await progress.step(
    'switched on: desk and studio get the file, complete and private',
    async () => {
      await client.call({ method: 'PUT', path: CODEX, body: { use_user_config: true } })
      return Promise.all([untilDelivered(world, desk, enabledAt), untilDelivered(world, studio, enabledAt)])
    },
  )
  await progress.step('their next heartbeats prove it', () =>
    Promise.all([desk, studio].map(({ id }) => untilState(world, id, ['InSync']))),
  )
  await progress.step("laptop's own login was not touched", async () => {
    await untilState(world, laptop.id, ['Foreign'])
    expectSame('the login on laptop', await look(laptop.authFile), before)
  })
  const late = await progress.step('train comes online and gets it', async () => {
    const startedAt = performance.now()
    await train.start()
    return untilDelivered(world, train, startedAt)
  })
  const again = await progress.step('studio loses the file and gets it again', async () => {
    await rm(studio.authFile)
    return untilDelivered(world, studio, performance.now())
  })
  await Promise.all([train, studio].map(({ id }) => untilState(world, id, ['InSync'])))
  return { desk: first[0], laptop: null, train: late, studio: again }
}

type Seconds = Readonly<Record<'desk' | 'laptop' | 'train' | 'studio', number | null>>

async function untilDelivered(world: World, { id, authFile }: DemoDevice, since: number): Promise<number> {
  const file = await until(world, `the file on ${id}`, () => look(authFile))
  const expected = `${JSON.stringify(sorted(LOGIN), null, 2)}\n`
  expectSame(`the file on ${id}`, { text: file.text, mode: file.mode }, { text: expected, mode: '600' })
  return (performance.now() - since) / 1000
}

async function useProxy(world: World, progress: Progress): Promise<string> {
  const { client, backEnd } = world
  await progress.step('saved, and shown only masked', () =>
    client.call({ method: 'PUT', path: '/users/me/proxy-config', body: { proxy_url: PROXY } }),
  )
  await client.call({ method: 'PUT', path: CODEX, body: { use_user_config: true, use_proxy: true } })
  return progress.step('an execution request of a back end is given it', async () => {
    const request = { model_config: { model: 'openai', protocol: 'openai-responses' } }
    const enriched = await until(world, 'the proxy in the execution request', async () => {
      const answer = (await backEnd.call({
        method: 'POST',
        path: '/execution-requests/enrich',
        body: request,
      })) as { readonly proxy?: { readonly url?: string } }
      return answer.proxy?.url ?? null
    })
    expectSame('the proxy of the execution request', enriched, PROXY)
    const shown = (await client.call({ path: '/users/me/proxy-config' })) as {
      readonly proxy_url_masked: string
    }
    expectSame('the shown proxy', shown.proxy_url_masked, 'http://***:***@127.0.0.1:3128')
    return shown.proxy_url_masked
  })
}

async function explainLaptop(
  { client }: World,
  { laptop }: Cast,
  progress: Progress,
): Promise<Outcome['explained']> {
  return progress.step('runtimeconfig explain laptop codex', async () => {
    const row = await rowOf(client, laptop.id)
    expectSame(
      'the gate that keeps laptop as it is',
      row?.gates.find((gate) => !gate.passed)?.name,
      'NeedsFile',
    )
    return row?.gates ?? []
  })
}

async function removeEverywhere(world: World, cast: Cast, progress: Progress): Promise<void> {
  const { client } = world
  const before = await look(cast.laptop.authFile)
  await progress.step('removal is allowed for what we wrote (removalPolicy: RemoveManaged)', () =>
    client.call({ method: 'POST', path: '/v1/namespaces/default/apply', body: removalAllowed() }),
  )
  await progress.step('switched off: desk, train and studio remove it, and prove it', async () => {
    await client.call({ method: 'PUT', path: CODEX, body: { use_user_config: false } })
    await Promise.all(
      [cast.desk, cast.train, cast.studio].map(async ({ id, authFile }) => {
        await until(world, `the file on ${id} to be gone`, async () =>
          (await look(authFile)) === null ? true : null,
        )
        await until(world, `${id} to prove it`, async () =>
          (await rowOf(client, id))?.reason === 'Removed' ? true : null,
        )
      }),
    )
  })
  await progress.step("laptop's own login is still as it was", async () =>
    expectSame('the login on laptop', await look(cast.laptop.authFile), before),
  )
}

function removalAllowed(): unknown {
  return {
    apiVersion: API_VERSION,
    kind: 'UserRuntimeConfig',
    metadata: { name: 'codex', namespace: 'default' },
    spec: {
      runtime: 'codex',
      auth: { format: 'json', targetPath: '~/.codex/auth.json', removalPolicy: 'RemoveManaged' },
    },
  }
}

const STORIES = {
  desk: 'had none, got it',
  laptop: 'has its own, never touched',
  train: 'was offline, got it on return',
  studio: 'lost it, got it again',
} as const

async function endings({ client }: World, cast: Cast, seconds: Seconds): Promise<readonly Ending[]> {
  return Promise.all(
    (['desk', 'laptop', 'train', 'studio'] as const).map(async (id) => {
      const row = await rowOf(client, id)
      const removed = (await look(cast[id].authFile)) === null
      return {
        device: id,
        story: STORIES[id],
        state: row?.state ?? 'Unknown',
        reason: row?.reason ?? '',
        seconds: seconds[id],
        removed,
      }
    }),
  )
}

function sorted(login: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(login).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function expectSame(what: string, got: unknown, expected: unknown): void {
  if (JSON.stringify(got) === JSON.stringify(expected)) return
  throw new AppError(
    'DEVICE_FAILED',
    `expected ${what} to be ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`,
  )
}
