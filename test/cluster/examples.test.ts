import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { eventually, type Installation, startToEnd, type TestDevice } from '#test/support/installation.ts'
import { asManifest } from '#test/support/manifests.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { makeChartAccount } from './chart-account.ts'
import { startClusterInstallation } from './cluster-installation.ts'
import { installDefinitions, runProgram } from './kubectl.ts'

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples')
const LOGIN = { auth_mode: 'chatgpt', tokens: { account_id: 'example', refresh_token: 'uploaded' } }
const PROXY = 'http://alice:hunter2@proxy.example:3128'

describe('the examples, applied with kubectl', () => {
  let server: ApiServer
  let installation: Installation
  let device: TestDevice

  beforeAll(async () => {
    server = await startApiServer(inject('assets'))
    await installDefinitions(server.kubeconfig)
    const account = await makeChartAccount({ kubeconfig: server.kubeconfig, namespace: 'runtimeconfig' })
    installation = await startClusterInstallation({
      kubeconfig: account.kubeconfig,
      namespace: 'runtimeconfig',
    })
  })

  afterAll(async () => {
    await installation.close()
    await server.stop()
  })

  it('make a user with a namespace', async () => {
    await apply(await example('user.yaml'))
    await kubectl('wait', '--for=condition=Ready', '--timeout=30s', 'users.agent.wecode.io/alice')
    expect(await kubectl('get', 'namespace', 'user-alice', '--output=name')).toBe('namespace/user-alice\n')
  })

  it('bring a login that is in a Secret to a device', async () => {
    device = await installation.addDevice('alice', 'laptop')
    await device.start()
    await apply(await example('secret-config.yaml'))
    expect(await untilFile('~/.codex/auth.json', (text) => text.includes('example'))).toEqual({
      auth_mode: 'chatgpt',
      tokens: { account_id: 'example', refresh_token: 'example' },
    })
    await wait('urc/codex')
  })

  it('bring what becomes of the Secret', async () => {
    const changed = (await example('secret-config.yaml')).replace(
      '"refresh_token": "example"',
      '"refresh_token": "newer"',
    )
    await apply(changed)
    expect(await untilFile('~/.codex/auth.json', (text) => text.includes('newer'))).toMatchObject({
      tokens: { refresh_token: 'newer' },
    })
    await kubectl('delete', 'urc/codex', 'secret/codex-login', '--namespace=user-alice')
    await eventually('the file to be gone', async () => (await readText('~/.codex/auth.json')) === undefined)
  })

  it('bring a sealed login to a device, after somebody deleted it', async () => {
    await upload()
    const auth = JSON.parse(
      await kubectl('get', 'urc/codex', '--namespace=user-alice', '--output=jsonpath={.spec.auth}'),
    )
    await kubectl('delete', 'urc/codex', '--namespace=user-alice')
    const sealed = (await example('sealed-config.yaml'))
      .replace('ENCRYPTED_VALUE', auth.encryptedValue)
      .replace('SHA256', auth.sha256)
      .replace('UPDATED_AT', auth.updatedAt)
    await device.stop()
    await rm(device.path('~/.codex/auth.json'), { force: true })
    await apply(sealed)
    await device.start()
    expect(await untilFile('~/.codex/auth.json', (text) => text !== '')).toEqual(LOGIN)
    await wait('urc/codex')
  })

  it('set a sealed proxy', async () => {
    await run(['proxy', 'set'], PROXY)
    const proxy = JSON.parse(
      await kubectl('get', 'upc/default', '--namespace=user-alice', '--output=jsonpath={.spec.proxy}'),
    )
    await kubectl('delete', 'upc/default', '--namespace=user-alice')
    const sealed = (await example('proxy.yaml'))
      .replace('ENCRYPTED_URL', proxy.encryptedUrl)
      .replace('SHA256', proxy.sha256)
      .replace('UPDATED_AT', proxy.updatedAt)
    await apply(sealed)
    await wait('upc/default')
    const shown = await kubectl(
      'get',
      'upc/default',
      '--namespace=user-alice',
      '--output=jsonpath={.status.maskedUrl}',
    )
    expect(shown).toBe('http://***:***@proxy.example:3128')
  })

  it('decide settings for the users that they select', async () => {
    await apply(await example('managed-config.yaml'))
    await wait('mrc/platform')
    expect(await kubectl('get', 'mrc/platform', '--output=jsonpath={.status.selectedUsers}')).toBe('1')
    const client = await installation.client('alice')
    const view = asManifest(await client.call({ path: '/users/me/runtime-configs/codex/config' }))
    expect(JSON.stringify(view)).toContain('gpt-5.2-codex')
  })

  it('make another runtime, and its login arrives', async () => {
    await apply(await example('runtime.yaml'))
    await eventually('gemini to be known', async () => (await run(['runtimes', 'list'])).includes('gemini'))
    await run(['runtimes', 'upload', 'gemini', '--enable'], '{"refresh_token":"gemini"}')
    expect(await untilFile('~/.gemini/oauth_creds.json', (text) => text !== '')).toEqual({
      refresh_token: 'gemini',
    })
  })

  async function upload(): Promise<void> {
    await run(['runtimes', 'upload', 'codex', '--enable'], JSON.stringify(LOGIN))
  }

  /** The real command line, as alice. */
  async function run(args: readonly string[], stdin = ''): Promise<string> {
    const tokenFile = join(installation.root, 'alice.token')
    await writeFile(tokenFile, await installation.token('alice'), { mode: 0o600 })
    const flags = ['--server', installation.address(), '--token-file', tokenFile]
    const { code, stdout, stderr } = await startToEnd([...args, ...flags], { stdin }).ended
    if (code !== 0) throw new Error(stderr)
    return stdout
  }

  async function kubectl(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await runProgram([
      inject('assets').kubectl,
      `--kubeconfig=${server.kubeconfig}`,
      ...args,
    ])
    if (code !== 0) throw new Error(stderr)
    return stdout
  }

  async function apply(text: string): Promise<void> {
    const program = [
      inject('assets').kubectl,
      `--kubeconfig=${server.kubeconfig}`,
      'apply',
      '--validate=strict',
      '-f',
      '-',
    ]
    const { code, stderr } = await runProgram(program, text)
    if (code !== 0) throw new Error(stderr)
  }

  async function wait(name: string): Promise<void> {
    await kubectl('wait', '--for=condition=Ready', '--timeout=30s', name, '--namespace=user-alice')
  }

  async function readText(path: string): Promise<string | undefined> {
    return readFile(device.path(path), 'utf8').catch(() => undefined)
  }

  async function untilFile(path: string, isIt: (text: string) => boolean): Promise<unknown> {
    const text = await eventually(path, async () => {
      const found = await readText(path)
      return found !== undefined && isIt(found) ? found : undefined
    })
    return JSON.parse(text)
  }
})

function example(name: string): Promise<string> {
  return readFile(join(EXAMPLES, name), 'utf8')
}
