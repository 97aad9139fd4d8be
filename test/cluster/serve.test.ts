import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'

import { eventually } from '#test/support/installation.ts'
import { columnOf, readMarkdown, tableOf } from '#test/support/markdown.ts'

import { startApiServer } from './api-server.ts'
import { makeChartAccount } from './chart-account.ts'
import { installDefinitions, runProgram } from './kubectl.ts'
import { layReplicaGround, type Replica, type ReplicaGround } from './replica-pair.ts'

const CODEX = '/users/me/runtime-configs/codex'

let ground: ReplicaGround
let one: Replica
let two: Replica

beforeAll(async () => {
  ground = await layReplicaGround()
  one = await ground.startReplica('one')
  two = await ground.startReplica('two')
})

afterAll(() => ground?.close())

describe('a replica', () => {
  it('is ready, for the same reasons as a server of its own', async () => {
    const answer = await readyz(one)
    expect(answer).toMatchObject({
      status: 'ok',
      checks: ['store', 'keyring', 'watches'].map((name) => ({ name, ok: true })),
    })
  })

  it('serves the metrics of the manual, and no other', async () => {
    // Some are there from their first use on.
    await (await two.client('alice')).call({ path: '/users/me/devices' })
    const text = await (await fetch(`${one.address}/metrics`)).text()
    const served = [...text.matchAll(/^# TYPE (\w+) /gm)]
      .map(([, name = '']) => name)
      .filter((name) => !/^(process|nodejs)_/.test(name))
    const manual = readMarkdown('docs/operating.md')
    const listed = ['Metrics', 'Metrics of a replica'].flatMap((section) =>
      columnOf(tableOf(manual, section, 'metric'), 'metric'),
    )
    expect(listed.toSorted()).toEqual(served.toSorted())
  })

  it('makes a namespace for whoever it meets first', async () => {
    await (await one.client('bob')).call({ path: '/users/me/devices' })
    expect(await kubectl('get', 'namespace', 'user-bob', '--output=jsonpath={.metadata.labels}')).toContain(
      '"agent.wecode.io/user":"bob"',
    )
  })
})

describe('the doctor', () => {
  it('finds the keys and the cluster that the settings name', async () => {
    const { stdout } = await ground.run('doctor')
    const { findings } = JSON.parse(stdout) as {
      findings: readonly { check: string; verdict: string; message: string }[]
    }
    expect(findings.slice(0, 3).map(({ check, verdict }) => [check, verdict])).toEqual([
      ['keyring', 'ok'],
      ['signing key', 'ok'],
      ['cluster', 'ok'],
    ])
  })
})

describe('two replicas with a device each', () => {
  beforeAll(async () => {
    const client = await one.client('alice')
    const own = { '.codex/auth.json': '{"OPENAI_API_KEY":"own"}' }
    await Promise.all([one.startDevice('alice', 'laptop', own), two.startDevice('alice', 'desk')])
    await client.call({
      method: 'POST',
      path: `${CODEX}/auth-json`,
      body: { auth_json: '{"OPENAI_API_KEY":"k"}' },
    })
    await client.call({ method: 'PUT', path: CODEX, body: { use_user_config: true } })
    await Promise.all(
      [one, two].map((replica) => untilStates(replica, { desk: 'InSync', laptop: 'Foreign' })),
    )
  })

  it('explain both the same, whichever is asked', async () => {
    const [first, second] = await Promise.all([one, two].map((replica) => gatesOf(replica)))
    expect(first).toEqual(second)
    expect(first?.['laptop']).toContain('NeedsFile: false')
  })

  it('sync both, whichever is asked', async () => {
    for (const replica of [one, two]) {
      const answer = await (
        await replica.client('alice')
      ).call({ method: 'POST', path: `${CODEX}/sync`, body: {} })
      expect(answer).toMatchObject({
        items: [
          { device_id: 'desk', success: true, status: 'skipped_existing' },
          { device_id: 'laptop', success: true, status: 'skipped_existing' },
        ],
      })
    }
  })

  it('let a device try the proxy, whichever is asked', async () => {
    const client = await two.client('alice')
    await client.call({
      method: 'PUT',
      path: '/users/me/proxy-config',
      body: { proxy_url: 'http://127.0.0.1:9' },
    })
    const answer = await client.call({ method: 'POST', path: '/users/me/devices/laptop/probe-proxy' })
    expect(answer).toMatchObject({ device_id: 'laptop', reachable: false })
  })

  it('import from a device of the other, and both know it', async () => {
    const client = await two.client('alice')
    await client.call({ method: 'POST', path: `${CODEX}/import-device`, body: { device_id: 'laptop' } })
    const both = Promise.all([one, two].map((replica) => untilStates(replica, { laptop: 'InSync' })))
    await expect(both).resolves.toBeDefined()
  })

  it('name the one that holds the socket at the device', async () => {
    const gateways = await kubectl(
      'get',
      'dev',
      '-n',
      'user-alice',
      '--output=jsonpath={.items[*].status.gateway}',
    )
    expect(gateways.split(' ').toSorted()).toEqual(['one', 'two'])
  })

  it('speak with nobody who is no replica', async () => {
    const peer = /--peer-url (\S+)/.exec(one.command.child.spawnargs.join(' '))?.[1]
    const [none, wrong] = await Promise.all(
      [{}, { authorization: 'Bearer x' }].map((headers: Record<string, string>) =>
        fetch(`${peer}/internal/v1/commands`, { method: 'POST', headers }),
      ),
    )
    expect([none?.status, wrong?.status]).toEqual([401, 401])
  })
})

describe('SIGTERM', () => {
  it('ends a replica with 0 and gives its Leases to the others at once', async () => {
    const leader = await leaderOf()
    const [gone, left] = leader === 'one' ? [one, two] : [two, one]
    await gone.command.kill('SIGTERM')
    expect({
      code: gone.command.child.exitCode,
      holder: await holderOf(`runtimeconfig-replica-${gone.name}`),
    }).toEqual({
      code: 0,
      holder: '',
    })
    await eventually('the other to lead', async () => (await leaderOf()) === left.name)
    expect(gone.command.said()).toContain('"lease released"')
  })
})

describe('a replica that starts before its cluster is there', () => {
  it('is alive and not ready, says what it waits for, and goes on by itself', async () => {
    const server = await startApiServer(inject('assets'))
    onTestFinished(() => server.stop())
    const { kubeconfig } = await makeChartAccount({ kubeconfig: server.kubeconfig, namespace: 'early' })
    await server.kill()
    const early = await ground.startEarly('early', { kubeconfig, 'operator-namespace': 'early' })
    await eventually('it to say that nobody is there', async () => early.said().includes('has not answered'))
    expect([await statusOf(early.address, '/livez'), await statusOf(early.address, '/readyz')]).toEqual([
      200, 503,
    ])
    await server.restart()
    await eventually('it to say that the kinds are missing', async () => early.said().includes('CRDs'))
    await installDefinitions(server.kubeconfig)
    await eventually('it to be ready', async () => (await statusOf(early.address, '/readyz')) === 200)
    expect(early.said().match(/waiting for the store/g)?.length).toBeLessThan(6)
  })

  it('ends with SIGTERM at once while it waits', async () => {
    const server = await startApiServer(inject('assets'))
    onTestFinished(() => server.stop())
    const early = await ground.startEarly('late', { kubeconfig: server.kubeconfig })
    await eventually('it to wait', async () => early.said().includes('CRDs'))
    early.child.kill('SIGTERM')
    expect(await early.ended).toMatchObject({ code: 0, stdout: '' })
  })
})

async function statusOf(address: string, path: string): Promise<number> {
  return (await fetch(`${address}${path}`)).status
}

async function readyz(replica: Replica): Promise<unknown> {
  return eventually(`${replica.name} to be ready`, async () => {
    const response = await fetch(`${replica.address}/readyz`)
    return response.ok && response.json()
  })
}

interface Row {
  readonly device_id: string
  readonly runtimes: readonly {
    readonly runtime: string
    readonly state: string
    readonly gates: readonly { readonly name: string; readonly passed: boolean }[]
  }[]
}

async function rowsOf(replica: Replica): Promise<readonly Row[]> {
  const answer = await (await replica.client('alice')).call({ path: '/users/me/devices' })
  return (answer as { readonly items: readonly Row[] }).items
}

async function untilStates(replica: Replica, states: Readonly<Record<string, string>>): Promise<void> {
  await eventually(`${replica.name} to say ${JSON.stringify(states)}`, async () => {
    const rows = await rowsOf(replica)
    return Object.entries(states).every(([device, state]) =>
      rows
        .find(({ device_id }) => device_id === device)
        ?.runtimes.some((row) => row.runtime === 'codex' && row.state === state),
    )
  })
}

async function gatesOf(replica: Replica): Promise<Readonly<Record<string, readonly string[]>>> {
  const rows = await rowsOf(replica)
  return Object.fromEntries(
    rows.map(({ device_id, runtimes }) => [
      device_id,
      runtimes.flatMap(({ gates }) => gates.map(({ name, passed }) => `${name}: ${passed}`)),
    ]),
  )
}

function leaderOf(): Promise<string> {
  return holderOf('runtimeconfig-leader')
}

function holderOf(lease: string): Promise<string> {
  return kubectl('get', 'lease', lease, '-n', ground.namespace, '--output=jsonpath={.spec.holderIdentity}')
}

async function kubectl(...args: readonly string[]): Promise<string> {
  const answer = await runProgram([
    inject('assets').kubectl,
    `--kubeconfig=${ground.server.kubeconfig}`,
    ...args,
  ])
  if (answer.code !== 0) throw new Error(answer.stderr)
  return answer.stdout
}
