import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { asManifest } from '#test/support/manifests.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { CHART, helm, parseRendering } from './helm.ts'
import { buildImage, type Image, startContainer } from './image.ts'
import { runProgram } from './kubectl.ts'
import { makePod, type Pod } from './pod.ts'
import { makeServiceAccount } from './service-account.ts'

const NAME = 'rc-runtime-config-operator'
// As long as the name of a pod gets.
const POD_NAME = `${NAME}-7d9f8c6b5d-x2x4z`

interface Container {
  readonly command?: readonly string[]
  readonly args?: readonly string[]
}

describe('a pod of the chart that was installed', () => {
  let server: ApiServer
  let image: Image
  let pod: Pod
  let address: string
  let child: ChildProcess

  beforeAll(async () => {
    server = await startApiServer(inject('assets'))
    image = await buildImage()
    const installed = await helm([
      'install',
      'rc',
      CHART,
      `--kubeconfig=${server.kubeconfig}`,
      '--namespace=ops',
      '--create-namespace',
    ])
    if (installed.code !== 0) throw new Error(installed.stderr)
    const manifest = await helm([
      'get',
      'manifest',
      'rc',
      `--kubeconfig=${server.kubeconfig}`,
      '--namespace=ops',
    ])
    const deployment = parseRendering(manifest.stdout).find(({ kind }) => kind === 'Deployment')
    if (deployment === undefined) throw new Error('expected a Deployment')
    const account = await makeServiceAccount(server.kubeconfig, { namespace: 'ops', name: NAME })
    const audiences = ['runtime-config-operator/peers']
    const peers = await makeServiceAccount(server.kubeconfig, { namespace: 'ops', name: NAME, audiences })
    pod = await makePod({
      deployment: { ...deployment, metadata: { ...deployment.metadata, namespace: 'ops' } },
      name: POD_NAME,
      apiServer: server.url,
      volumes: {
        keys: await readSecret(`${NAME}-keys`),
        'api-token': {
          token: account.token,
          'ca.crt': await readFile(join(account.folder, 'ca.crt')),
          namespace: 'ops',
        },
        'peers-token': { token: peers.token },
      },
    })
  })

  afterAll(async () => {
    await pod.remove()
    await image.remove()
    await server.stop()
  })

  it('starts with the variables, keys and tokens that it is given, and becomes ready', async () => {
    child = await startContainer(image, pod.container(['serve', '--output', 'json']))
    const said: string[] = []
    child.stderr?.on('data', (chunk) => said.push(String(chunk)))
    const lines = createInterface({ input: child.stdout ?? process.stdin })
    const first = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [])])
    if (first.length === 0) throw new Error(said.join(''))
    address = (JSON.parse(String(first[0])) as { readonly address: string }).address
    expect(await statusOf('/livez')).toBe(200)
    expect(await statusOf('/readyz')).toBe(200)
  })

  it('holds the Lease of a replica that is called as it is, and leads', async () => {
    const { stdout } = await kubectl('get', 'leases', '--output=jsonpath={.items[*].metadata.name}')
    expect(stdout.split(' ').toSorted()).toEqual([
      'runtimeconfig-leader',
      `runtimeconfig-replica-${POD_NAME}`,
    ])
  })

  it('has made the runtimes that ship with it', async () => {
    const { stdout } = await kubectl('get', 'runtimes', '--output=jsonpath={.items[*].metadata.name}')
    expect(stdout).toBe('claude codex')
  })

  it('makes a token in it as the notes say, with which its administrator is let in', async () => {
    const args = ['token', 'create', '--user', 'root', '--scope', 'admin', '--scope', 'user']
    const token = await startContainer(image, pod.container(args))
    const said: string[] = []
    for (const stream of [token.stdout, token.stderr]) stream.on('data', (chunk) => said.push(String(chunk)))
    await once(token, 'close')
    const authorization = `Bearer ${said.join('').trim()}`
    expect((await fetch(`${address}/users`, { headers: { authorization } })).status).toBe(200)
    expect(await statusOf('/users')).toBe(401)
  })

  it('counts its requests to the API server', async () => {
    const text = await (await fetch(`${address}/metrics`)).text()
    expect(text).toMatch(/^runtimeconfig_kubernetes_requests_total\{.*code="20[01]".*\} [1-9]/m)
    expect(text).not.toMatch(/^runtimeconfig_kubernetes_requests_total\{.*code="403"/m)
  })

  it('passes the test that the chart brings along', async () => {
    const hooks = await helm(['get', 'hooks', 'rc', `--kubeconfig=${server.kubeconfig}`, '--namespace=ops'])
    const test = parseRendering(hooks.stdout).find(({ kind }) => kind === 'Pod')
    const containers = asManifest(test?.spec)['containers'] as readonly Container[]
    const { command = [], args: rendered = [] } = containers[0] ?? {}
    // The name of the Service means nothing on this machine.
    const args = rendered.map((text) => text.replace(`http://${NAME}:80`, address))
    const asked = await startContainer({ ...image, entrypoint: command }, { args })
    const said: string[] = []
    asked.stdout.on('data', (chunk) => said.push(String(chunk)))
    expect(await once(asked, 'close')).toEqual([0, null])
    expect(said.join('')).toContain('200 {"status":"ok"')
  })

  it('goes in order when it is told to, and gives up what it held', async () => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    const { stdout } = await kubectl('get', 'leases', '--output=jsonpath={.items[*].spec.holderIdentity}')
    expect(stdout.trim()).toBe('')
  })

  async function statusOf(path: string): Promise<number> {
    return (await fetch(`${address}${path}`)).status
  }

  async function readSecret(name: string): Promise<Readonly<Record<string, Uint8Array>>> {
    const { stdout } = await kubectl('get', 'secret', name, '--output=json')
    const data = Object.entries(asManifest(asManifest(JSON.parse(stdout))['data']))
    return Object.fromEntries(data.map(([entry, text]) => [entry, Buffer.from(String(text), 'base64')]))
  }

  function kubectl(...args: readonly string[]) {
    const program = [inject('assets').kubectl, `--kubeconfig=${server.kubeconfig}`, '--namespace=ops']
    return runProgram([...program, ...args])
  }
})
