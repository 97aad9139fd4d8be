import { generateKeyPairSync } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { connect } from '#store/kubernetes/connect.ts'
import { createConnection } from '#store/kubernetes/connection.ts'
import { connectByKubeconfig } from '#store/kubernetes/kubeconfig.ts'
import { connectInCluster } from '#store/kubernetes/service-account.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

const SERVER = 'https://127.0.0.1:6443'

let folder: string
let clock: FakeClock

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connection-'))
  clock = new FakeClock()
})

afterEach(() => rm(folder, { recursive: true }))

const write = (name: string, text: string) => writeFile(join(folder, name), text)

describe('credentials', () => {
  const connection = (load: (isFresh: boolean) => Promise<string>) =>
    createConnection({
      server: SERVER,
      namespace: undefined,
      clock,
      load: async (isFresh) => ({ tls: {}, headers: { authorization: await load(isFresh) } }),
    })

  it('are read again every minute, and at once when they were refused', async () => {
    let reads = 0
    const { credentials } = connection(async (isFresh) => `${(reads += 1)} ${isFresh}`)
    const token = async (isFresh = false) => (await credentials(isFresh)).headers['authorization']
    expect([await token(), await token()]).toEqual(['1 false', '1 false'])
    await clock.advance(59_999)
    expect(await token()).toBe('1 false')
    await clock.advance(1)
    expect([await token(), await token()]).toEqual(['2 false', '2 false'])
    expect([await token(true), await token()]).toEqual(['3 true', '3 true'])
  })

  it('are read once for all who ask at one time', async () => {
    let reads = 0
    const { credentials } = connection(async () => String((reads += 1)))
    await Promise.all([credentials(), credentials(), credentials()])
    expect(reads).toBe(1)
  })

  it('stay as they were while they cannot be read', async () => {
    let token: string | undefined = 'good'
    const { credentials } = connection(async () => token ?? Promise.reject(new Error('gone')))
    await credentials()
    token = undefined
    await clock.advance(60_000)
    expect((await credentials()).headers).toEqual({ authorization: 'good' })
  })

  it('that never could be read are said so, without what the reader said', async () => {
    const { credentials } = connection(() => Promise.reject(new Error('canary on standard error')))
    await expect(credentials()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.not.stringContaining('canary'),
    })
  })
})

describe('in a pod', () => {
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }

  beforeEach(async () => {
    await write('token', 'token-one\n')
    await write('ca.crt', 'certificate')
    await write('namespace', 'operators\n')
  })

  it('the service account is who we are', async () => {
    const connection = await connectInCluster({ environment, folder }, clock)
    expect(connection).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'operators' })
    expect(await connection.credentials()).toEqual({
      tls: { ca: 'certificate' },
      headers: { authorization: 'Bearer token-one' },
    })
  })

  it('a token that was replaced is used within a minute', async () => {
    const { credentials } = await connectInCluster({ environment, folder }, clock)
    await credentials()
    await write('token', 'token-two')
    expect((await credentials()).headers).toEqual({ authorization: 'Bearer token-one' })
    await clock.advance(60_000)
    expect((await credentials()).headers).toEqual({ authorization: 'Bearer token-two' })
  })

  it('is what auto finds first', async () => {
    const options = { kubeconfig: 'auto', clock, serviceAccountFolder: folder }
    const other = { ...environment, KUBECONFIG: join(folder, 'nothing') }
    expect(await connect({ ...options, environment: other })).toMatchObject({ namespace: 'operators' })
  })
})

describe('by a kubeconfig', () => {
  const config = (user: object, cluster: object = {}) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: `${SERVER}/`, ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'mine' } }],
      'current-context': 'x',
    })
  const path = () => join(folder, 'config')
  const connection = async (user: object, cluster: object = {}) => {
    await write('config', config(user, cluster))
    return connectByKubeconfig([path()], clock)
  }

  it('knows where the server is and which namespace is meant', async () => {
    expect(await connection({ token: 't' })).toMatchObject({ server: SERVER, namespace: 'mine' })
  })

  it.each([
    ['a token', { token: 't' }, { authorization: 'Bearer t' }],
    ['a name and a password', { username: 'a', password: 'b' }, { authorization: 'Basic YTpi' }],
    [
      'an impersonated user',
      { token: 't', as: 'ada' },
      { authorization: 'Bearer t', 'impersonate-user': 'ada' },
    ],
  ])('logs in with %s', async (_what, user, headers) => {
    expect((await (await connection(user)).credentials()).headers).toEqual(headers)
  })

  it('logs in with a token in a file, beside it or anywhere, and notices a new one', async () => {
    await write('token', 'one\n')
    const { credentials } = await connection({ tokenFile: 'token' })
    expect((await credentials()).headers).toEqual({ authorization: 'Bearer one' })
    await write('token', 'two\n')
    expect((await credentials(true)).headers).toEqual({ authorization: 'Bearer two' })
  })

  it('logs in with a client certificate', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    await write('client.key', key)
    const user = { 'client-certificate-data': btoa('certificate'), 'client-key': 'client.key' }
    const { tls } = await (await connection(user, { 'certificate-authority-data': btoa('ca') })).credentials()
    const texts = Object.fromEntries(
      Object.entries(tls).map(([name, value]) => [name, Buffer.from(value as Buffer | string).toString()]),
    )
    expect(texts).toEqual({ ca: 'ca', cert: 'certificate', key })
  })

  it('asks a plugin, and again only when what it gave was refused', async () => {
    await write('count', '')
    await write(
      'plugin',
      `#!/bin/sh\necho x >> ${folder}/count\nprintf '{"status":{"token":"t%s"}}' "$(wc -l < ${folder}/count | tr -d ' ')"\n`,
    )
    await chmod(join(folder, 'plugin'), 0o700)
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: join(folder, 'plugin') }
    const { credentials } = await connection({ exec })
    const token = async (isFresh = false) => (await credentials(isFresh)).headers['authorization']
    expect(await token()).toBe('Bearer t1')
    await clock.advance(60_000)
    expect([await token(), await token(true)]).toEqual(['Bearer t1', 'Bearer t2'])
  })

  it('says that a plugin failed, and not what it said', async () => {
    const exec = { command: '/bin/sh', args: ['-c', 'echo canary >&2; exit 1'] }
    await expect((await connection({ exec })).credentials()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.not.stringContaining('canary'),
    })
  })

  it('takes the server name and whether to check it from the cluster', async () => {
    const cluster = { 'tls-server-name': 'kubernetes', 'insecure-skip-tls-verify': true }
    const { tls } = await (await connection({ token: 't' }, cluster)).credentials()
    expect(tls).toEqual({ servername: 'kubernetes', rejectUnauthorized: false })
  })

  it('notices that the file itself changed', async () => {
    const { credentials } = await connection({ token: 'one' })
    await credentials()
    await write('config', config({ token: 'two' }))
    expect((await credentials(true)).headers).toEqual({ authorization: 'Bearer two' })
  })

  it('speaks without encryption only where that is said', async () => {
    const plain = { server: 'http://127.0.0.1:8001' }
    await expect(connection({}, plain)).rejects.toMatchObject({ code: 'SETTING_INVALID' })
    const { server, credentials } = await connection({}, { ...plain, 'insecure-skip-tls-verify': true })
    expect(server).toBe('http://127.0.0.1:8001')
    expect((await credentials()).headers).toEqual({})
  })

  it('merges several files', async () => {
    await connection({ token: 'first' })
    await write('nothing', '{"clusters": [], "users": [], "contexts": []}')
    await write('other', config({ tokenFile: 'second' }, { server: 'https://127.0.0.2' }))
    const paths = ['nothing', 'config', 'other'].map((name) => join(folder, name))
    const merged = await connectByKubeconfig(paths, clock)
    expect(merged).toMatchObject({ server: SERVER })
    expect((await merged.credentials()).headers).toEqual({ authorization: 'Bearer first' })
  })

  it.each([
    ['no file', undefined],
    ['no YAML', '{canary'],
    ['no context', '{"clusters": [], "users": [], "contexts": []}'],
  ])('is refused as a setting with %s', async (_what, text) => {
    if (text !== undefined) await write('config', text)
    const refused = connectByKubeconfig([path()], clock)
    await expect(refused).rejects.toMatchObject({
      code: 'SETTING_INVALID',
      message: expect.not.stringContaining('canary'),
    })
  })

  it('is what auto finds in KUBECONFIG, then at home', async () => {
    await write('config', config({ token: 't' }))
    const options = { kubeconfig: 'auto', clock, serviceAccountFolder: join(folder, 'no-pod') }
    for (const KUBECONFIG of [path(), `${folder}/missing:${path()}`]) {
      expect(await connect({ ...options, environment: { KUBECONFIG } })).toMatchObject({ server: SERVER })
    }
    const home = join(folder, 'home')
    await expect(connect({ ...options, environment: { HOME: home } })).rejects.toMatchObject({
      code: 'SETTING_INVALID',
    })
    await mkdir(join(home, '.kube'), { recursive: true })
    await write('home/.kube/config', config({ token: 't' }))
    expect(await connect({ ...options, environment: { HOME: home } })).toMatchObject({ server: SERVER })
  })
})
