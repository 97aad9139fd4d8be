import { randomBytes } from 'node:crypto'

import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'

import { openClusterStores } from '#test/support/kubernetes-stores.ts'

import { applyDefinitions, kubectl } from './kubectl.ts'

beforeAll(applyDefinitions)

let stores: Awaited<ReturnType<typeof openClusterStores>>
let namespace: string
beforeEach(async () => {
  stores = await openClusterStores(inject('kubeconfig'))
  namespace = `user-${randomBytes(5).toString('hex')}`
  await stores.userNamespaces.ensure({ id: 'ada', namespace })
})
afterEach(() => stores.close())

const REF = { name: 'login', key: 'auth.json' }

async function apply(data: Readonly<Record<string, string | Buffer>>, labels = {}): Promise<void> {
  const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])
  const metadata = { name: REF.name, namespace, labels }
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata, data: Object.fromEntries(encoded) }
  const applied = await kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(secret))
  if (applied.code !== 0) throw new Error(applied.stderr)
}

async function aSecond(): Promise<void> {
  const { setTimeout: pause } = await import('node:timers/promises')
  await pause(1000 - (Date.now() % 1000) + 50)
}

describe('a Secret that is referred to', () => {
  it('is read as it is, and prints nowhere', async () => {
    await apply({ 'auth.json': '\uFEFF{"token":"päßword"}', other: 'x' })
    const read = await stores.secrets.read(namespace, REF)
    expect(read.text?.open()).toBe('\uFEFF{"token":"päßword"}')
    expect(JSON.stringify(read)).not.toContain('word')
  })

  it('has a later time and another version when it was rotated, and only then', async () => {
    await apply({ 'auth.json': 'one', other: 'x' })
    const first = await stores.secrets.read(namespace, REF)
    await aSecond()
    const patch = JSON.stringify({ data: { other: btoa('y') }, metadata: { labels: { a: 'b' } } })
    await kubectl(['patch', 'secret', REF.name, `--namespace=${namespace}`, '--patch', patch])
    const beside = await stores.secrets.read(namespace, REF)
    await apply({ 'auth.json': 'two' })
    const second = await stores.secrets.read(namespace, REF)
    expect(Math.abs(first.changedAt - Date.now())).toBeLessThan(60_000)
    expect([first.changedAt % 1000, beside.changedAt]).toEqual([0, first.changedAt])
    expect(second.changedAt).toBeGreaterThan(first.changedAt)
    expect(new Set([first, beside, second].map(({ version }) => version)).size).toBe(3)
  })

  it('is as old as the whole Secret when nobody is known to have written it', async () => {
    await apply({ 'auth.json': 'one' })
    const patch = JSON.stringify({ metadata: { managedFields: [{}] } })
    await kubectl(['patch', 'secret', REF.name, `--namespace=${namespace}`, '--patch', patch])
    const { changedAt } = await stores.secrets.read(namespace, REF)
    const path = `/api/v1/namespaces/${namespace}/secrets/${REF.name}`
    const secret = (await stores.client.request({ method: 'GET', path })) as {
      readonly metadata: { readonly creationTimestamp: string }
    }
    expect(changedAt).toBe(Date.parse(secret.metadata.creationTimestamp))
  })

  it.each([
    ['the Secret', { name: 'missing', key: 'auth.json' }],
    ['a name that is none', { name: '../login', key: 'auth.json' }],
    ['an empty name', { name: '', key: 'auth.json' }],
  ])('is not found when %s is missing', async (_what, ref) => {
    await apply({ 'auth.json': 'one' })
    await expect(stores.secrets.read(namespace, ref)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it.each(['missing', 'constructor', ''])('has no text when its key "%s" is missing', async (key) => {
    await apply({ 'auth.json': 'one' })
    const { text, changedAt } = await stores.secrets.read(namespace, { name: REF.name, key })
    expect([text, Math.abs(changedAt - Date.now()) < 60_000]).toEqual([null, true])
  })

  it('is not found in a namespace that is none', async () => {
    for (const place of ['', '..', 'nobody-has-this']) {
      await expect(stores.secrets.read(place, REF)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
  })

  it('is not read when it is beside the operator, whoever may have the namespace', async () => {
    const made = await kubectl(['create', 'secret', 'generic', REF.name, `--namespace=${stores.namespace}`])
    expect(made.code).toBe(0)
    await expect(stores.secrets.read(stores.namespace, REF)).rejects.toMatchObject({ code: 'INVALID' })
  })

  it('is refused when it is no text, without a word of it', async () => {
    await apply({ 'auth.json': Buffer.from([0x68, 0x75, 0x73, 0x68, 0xff, 0xfe]) })
    const read = stores.secrets.read(namespace, REF)
    await expect(read).rejects.toMatchObject({
      code: 'INVALID',
      message: 'key auth.json in Secret login is no text in UTF-8',
    })
  })
})

describe('a labelled Secret', () => {
  const LABEL = { 'agent.wecode.io/runtime-config': 'true' }
  let told: string[]
  beforeEach(async () => {
    told = []
    stores.secrets.onChange((place, name) => {
      if (place === namespace) told.push(name)
    })
  })
  const hearsOf = async (times: number) => {
    await expect.poll(() => told.length, { timeout: 30_000 }).toBe(times)
  }

  it('is noticed when it is there, is changed, and goes; its content stays where it is', async () => {
    await apply({ 'auth.json': 'one' }, LABEL)
    await stores.start(stores.signal)
    await hearsOf(1)
    await apply({ 'auth.json': 'two' }, LABEL)
    await hearsOf(2)
    await kubectl(['delete', 'secret', REF.name, `--namespace=${namespace}`])
    await hearsOf(3)
    const read = stores.requests.filter(({ verb, resource }) => verb === 'get' && resource === 'secrets')
    expect([told, read]).toEqual([['login', 'login', 'login'], []])
  })

  it('is not noticed without the label, or by somebody who stopped listening', async () => {
    const stopped: string[] = []
    stores.secrets.onChange((_namespace, name) => stopped.push(name))()
    await stores.start(stores.signal)
    await apply({ 'auth.json': 'one' })
    await kubectl(['create', 'secret', 'generic', 'marked', `--namespace=${namespace}`])
    const label = 'agent.wecode.io/runtime-config=true'
    await kubectl(['label', 'secret', 'marked', `--namespace=${namespace}`, label])
    await hearsOf(1)
    expect([told, stopped]).toEqual([['marked'], []])
  })
})
