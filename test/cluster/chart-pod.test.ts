import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { type Client, createClient } from '#cli/client.ts'
import { Secret } from '#core/secret.ts'
import { freePort } from '#test/support/free-port.ts'
import { eventually, runCommand } from '#test/support/installation.ts'
import { asManifest } from '#test/support/manifests.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { CHART, helm, parseRendering, type Rendered } from './helm.ts'
import { buildImage, type Image, startContainer } from './image.ts'
import { runProgram } from './kubectl.ts'
import { makePod, type Pod, type PodOptions } from './pod.ts'
import { makeServiceAccount } from './service-account.ts'

const NAME = 'rc-runtime-config-operator'
// As long as the name of a pod gets.
const [FIRST, SECOND] = [`${NAME}-7d9f8c6b5d-x2x4z`, `${NAME}-7d9f8c6b5d-k8s7q`] as const

interface Container {
  readonly command?: readonly string[]
  readonly args?: readonly string[]
}

interface RunningPod {
  readonly pod: Pod
  readonly address: string
  /** Resolves with the exit code and the signal. */
  stop(): Promise<unknown>
}

describe('pods of the chart that was installed', () => {
  let server: ApiServer
  let image: Image
  let volumes: PodOptions['volumes']
  let kubeconfig: string
  let first: RunningPod
  let second: RunningPod
  let administrator: string
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-pods-'))
    server = await startApiServer(inject('assets'))
    image = await buildImage()
    await helmOk('install', 'rc', CHART, '--create-namespace')
    const account = await makeServiceAccount(server.kubeconfig, { namespace: 'ops', name: NAME })
    kubeconfig = account.kubeconfig
    const audiences = ['runtime-config-operator/peers']
    const peers = await makeServiceAccount(server.kubeconfig, { namespace: 'ops', name: NAME, audiences })
    volumes = {
      keys: await readSecret(`${NAME}-keys`),
      'api-token': {
        token: account.token,
        'ca.crt': await readFile(join(account.folder, 'ca.crt')),
        namespace: 'ops',
      },
      'peers-token': { token: peers.token },
    }
  })

  afterAll(async () => {
    await first?.stop()
    await second?.stop()
    await image.remove()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('start with the variables, keys and tokens that they are given, and become ready', async () => {
    first = await startPod(FIRST)
    expect(await statusOf('/livez')).toBe(200)
    expect(await statusOf('/readyz')).toBe(200)
  })

  it('hold the Lease of a replica that is called as they are, and one leads', async () => {
    const { stdout } = await kubectl('get', 'leases', '--output=jsonpath={.items[*].metadata.name}')
    expect(stdout.split(' ').toSorted()).toEqual(['runtimeconfig-leader', `runtimeconfig-replica-${FIRST}`])
  })

  it('make the runtimes that ship with them', async () => {
    const { stdout } = await kubectl('get', 'runtimes', '--output=jsonpath={.items[*].metadata.name}')
    expect(stdout).toBe('claude codex')
  })

  it('make tokens as the notes say, with which an administrator is let in', async () => {
    administrator = await exec('token', 'create', '--user', 'root', '--scope', 'admin', '--scope', 'user')
    const headers = { authorization: `Bearer ${administrator}` }
    expect((await fetch(`${first.address}/users`, { headers })).status).toBe(200)
    expect(await statusOf('/users')).toBe(401)
  })

  it('pass the test that the chart brings along', async () => {
    const test = parseRendering(await helmOk('get', 'hooks', 'rc')).find(({ kind }) => kind === 'Pod')
    const containers = asManifest(test?.spec)['containers'] as readonly Container[]
    const { command = [], args: rendered = [] } = containers[0] ?? {}
    // The name of the Service means nothing on this machine.
    const args = rendered.map((text) => text.replace(`http://${NAME}:80`, first.address))
    const asked = await startContainer({ ...image, entrypoint: command }, { args })
    const said: string[] = []
    asked.stdout.on('data', (chunk) => said.push(String(chunk)))
    expect(await once(asked, 'close')).toEqual([0, null])
    expect(said.join('')).toContain('200 {"status":"ok"')
  })

  it('ask one another with the tokens that they mount: a login goes to a device that another one holds', async () => {
    second = await startPod(SECOND)
    const token = await exec('token', 'create', '--user', 'alice')
    const [here, there] = [first, second].map(({ address }) => createClient(address, new Secret(token))) as [
      Client,
      Client,
    ]
    const home = await startDevice(here)
    const auth_json = '{"tokens":{"account_id":"a","refresh_token":"r"}}'
    await there.call({
      method: 'POST',
      path: '/users/me/runtime-configs/codex/auth-json',
      body: { auth_json },
    })
    await there.call({
      method: 'PUT',
      path: '/users/me/runtime-configs/codex',
      body: { use_user_config: true },
    })
    const file = await eventually('the file', () =>
      readFile(join(home, '.codex', 'auth.json'), 'utf8').catch(() => null),
    )
    expect(JSON.parse(file)).toEqual(JSON.parse(auth_json))
    await rm(join(home, '.codex', 'auth.json'))
    await eventually('a sync from afar', async () => {
      const path = '/users/me/runtime-configs/codex/sync'
      const { items } = asManifest(await there.call({ method: 'POST', path, body: {} }))
      // Until this replica has heard who holds the device, it is offline here.
      return JSON.stringify(items).includes('"success":true')
    })
    const text = await (await fetch(`${second.address}/metrics`)).text()
    expect(text).toMatch(/^runtimeconfig_peer_requests_total\{.*\} [1-9]/m)
  })

  it('count their requests to the API server, of which none was refused', async () => {
    for (const { address } of [first, second]) {
      const text = await (await fetch(`${address}/metrics`)).text()
      expect(text).toMatch(/^runtimeconfig_kubernetes_requests_total\{.*code="20[01]".*\} [1-9]/m)
      expect(text).not.toMatch(/^runtimeconfig_kubernetes_requests_total\{.*code="403"/m)
    }
  })

  it('go in order when they are told to, and give up what they held', async () => {
    expect(await first.stop()).toEqual([0, null])
    expect(await second.stop()).toEqual([0, null])
    const { stdout } = await kubectl('get', 'leases', '--output=jsonpath={.items[*].spec.holderIdentity}')
    expect(stdout.trim()).toBe('')
  })

  async function startPod(name: string): Promise<RunningPod> {
    const deployment = parseRendering(await helmOk('get', 'manifest', 'rc')).find(
      ({ kind }) => kind === 'Deployment',
    )
    if (deployment === undefined) throw new Error('expected a Deployment')
    const metadata: Rendered['metadata'] = { ...deployment.metadata, namespace: 'ops' }
    // Pods have an address of their own, and these have one in common.
    const peers = `127.0.0.1:${await freePort()}`
    const env = {
      RUNTIMECONFIG_LISTEN: '127.0.0.1:0',
      RUNTIMECONFIG_PEER_LISTEN: peers,
      RUNTIMECONFIG_PEER_URL: `http://${peers}`,
      // Looked at only where there is no folder of a service account: on a machine that isolates nothing.
      KUBECONFIG: kubeconfig,
    }
    const pod = await makePod({
      deployment: { ...deployment, metadata },
      name,
      volumes,
      apiServer: server.url,
      env,
    })
    const child = await startContainer(image, pod.container(['serve', '--output', 'json']))
    const ended = once(child, 'exit')
    const said: string[] = []
    child.stderr.on('data', (chunk) => said.push(String(chunk)))
    const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), ended.then(() => [])])
    if (line === undefined) throw new Error(said.join(''))
    const { address } = JSON.parse(String(line)) as { readonly address: string }
    const stop = async (): Promise<unknown> => {
      child.kill('SIGTERM')
      const how = await ended
      await pod.remove()
      return how
    }
    return { pod, address, stop }
  }

  /** Runs the command in the first pod, as `kubectl exec` does, and gives what it printed. */
  async function exec(...args: readonly string[]): Promise<string> {
    const child = await startContainer(image, first.pod.container(args))
    const said: string[] = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(String(chunk)))
    await once(child, 'close')
    return said.join('').trim()
  }

  /** Connects alice's laptop to the replica that a client asks. */
  async function startDevice(client: Client): Promise<string> {
    const [home, tokenFile] = [join(folder, 'home'), join(folder, 'device-token')]
    await mkdir(home)
    const made = asManifest(
      await client.call({ method: 'POST', path: '/users/me/device-tokens', body: { name: 'laptop' } }),
    )
    await writeFile(tokenFile, String(made['token']), { mode: 0o600 })
    const places = ['--home', home, '--state', join(folder, 'state'), '--token-file', tokenFile]
    const agent = await runCommand([
      'agent',
      '--server',
      first.address,
      '--device-id',
      'laptop',
      ...places,
      '--output',
      'json',
    ])
    stopping.push(() => agent.kill('SIGTERM'))
    return home
  }

  const stopping: (() => Promise<void>)[] = []
  afterAll(async () => {
    for (const stop of stopping) await stop()
  })

  async function statusOf(path: string): Promise<number> {
    return (await fetch(`${first.address}${path}`)).status
  }

  async function readSecret(name: string): Promise<Readonly<Record<string, Uint8Array>>> {
    const { stdout } = await kubectl('get', 'secret', name, '--output=json')
    const data = Object.entries(asManifest(asManifest(JSON.parse(stdout))['data']))
    return Object.fromEntries(data.map(([entry, text]) => [entry, Buffer.from(String(text), 'base64')]))
  }

  async function helmOk(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await helm([
      ...args,
      `--kubeconfig=${server.kubeconfig}`,
      '--namespace=ops',
    ])
    if (code !== 0) throw new Error(stderr)
    return stdout
  }

  function kubectl(...args: readonly string[]) {
    const program = [inject('assets').kubectl, `--kubeconfig=${server.kubeconfig}`, '--namespace=ops']
    return runProgram([...program, ...args])
  }
})
