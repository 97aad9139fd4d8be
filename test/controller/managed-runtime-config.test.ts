import { beforeEach, expect, it } from 'vitest'

import type { ObjectOf } from '#crds/kinds.ts'
import { Operator } from '#test/support/operator.ts'

const API_VERSION = 'agent.wecode.io/v1'

type Spec = ObjectOf<'ManagedRuntimeConfig'>['spec']

let operator: Operator

beforeEach(async () => {
  operator = await Operator.forTest()
  await setConfigFile('toml')
})

async function setConfigFile(format?: 'toml' | 'json'): Promise<void> {
  const { store } = operator.stores
  const runtime = await store.get('Runtime', { name: 'codex' })
  const { config: _, ...spec } = runtime.spec
  const config = format === undefined ? {} : { config: { path: '~/.codex/config', format } }
  await store.update('Runtime', { ...runtime, spec: { ...spec, ...config } })
}

// Straight into the store: through the API, most of these would be refused.
async function store(spec: Partial<Spec>, name = 'company'): Promise<void> {
  await operator.stores.store.create('ManagedRuntimeConfig', {
    apiVersion: API_VERSION,
    kind: 'ManagedRuntimeConfig',
    metadata: { name },
    spec: { runtime: 'codex', ...spec },
  })
  await operator.pass(1_000)
}

async function read(name = 'company') {
  const { metadata, status } = await operator.stores.store.get('ManagedRuntimeConfig', { name })
  const [ready] = status?.conditions ?? []
  return {
    ready: [ready?.status, ready?.reason],
    message: ready?.message,
    selectedUsers: status?.selectedUsers,
    isObserved: status?.observedGeneration === metadata.generation,
    resourceVersion: metadata.resourceVersion,
  }
}

it('says that a managed configuration can be read and is in force', async () => {
  await store({ config: 'model = "x"', requirements: 'allowed_sandbox_modes = ["read-only"]' })
  expect(await read()).toMatchObject({ ready: ['True', 'Parsed'], isObserved: true, selectedUsers: 1 })
})

it.each([
  ['settings that do not parse', { config: 'a = 1\nmodel = secret\n' }, 'SyntaxError', /^spec\.config:2:9: /],
  [
    'requirements that do not parse',
    { requirements: 'a = [1' },
    'SyntaxError',
    /^spec\.requirements:1:\d+: /,
  ],
  [
    'requirements that cannot be met',
    { requirements: '\nallowed_approval_policies = []' },
    'RequirementsInvalid',
    /^spec\.requirements:2:\d+: allowed_approval_policies: /,
  ],
  [
    'a setting of the wrong kind',
    { config: 'a = 1\nmodel = 5' },
    'WrongType',
    /^spec\.config:2:\d+: model: /,
  ],
  ['a runtime nobody registered', { runtime: 'nope', config: '' }, 'RuntimeUnknown', /nope/],
] as const)('says where %s are, and never what stands there', async (...[, spec, reason, message]) => {
  await store(spec)
  const said = await read()
  expect([said.ready, said.isObserved]).toEqual([['False', reason], true])
  expect(said.message).toMatch(message)
  expect(said.message).not.toContain('secret')
})

it('follows its runtime', async () => {
  await store({ config: 'model = "x"' })
  await setConfigFile()
  await operator.pass(1_000)
  expect((await read()).ready).toEqual(['False', 'ConfigUnsupported'])
  await setConfigFile('json')
  await operator.pass(1_000)
  expect((await read()).ready).toEqual(['False', 'SyntaxError'])
  await setConfigFile('toml')
  await operator.pass(1_000)
  expect((await read()).ready).toEqual(['True', 'Parsed'])
})

it('counts the users it selects, as they come and go', async () => {
  await store({ config: '', selector: { users: ['ada', 'grace'] } })
  await store({ config: '' }, 'everybody')
  expect([(await read()).selectedUsers, (await read('everybody')).selectedUsers]).toEqual([1, 1])
  const grace = await operator.addUser('grace')
  await operator.addUser('linus')
  await operator.pass(1_000)
  expect([(await read()).selectedUsers, (await read('everybody')).selectedUsers]).toEqual([2, 3])
  await operator.stores.users.setActive(grace.id, false)
  await operator.pass(1_000)
  expect([(await read()).selectedUsers, (await read('everybody')).selectedUsers]).toEqual([1, 2])
})

it('follows a change of its spec, and writes nothing when there is nothing new to say', async () => {
  await store({ config: 'model = ' })
  expect((await read()).ready).toEqual(['False', 'SyntaxError'])
  const object = await operator.stores.store.get('ManagedRuntimeConfig', { name: 'company' })
  await operator.stores.store.update('ManagedRuntimeConfig', {
    ...object,
    spec: { ...object.spec, config: 'model = "x"' },
  })
  await operator.pass(1_000)
  const { ready, isObserved, resourceVersion } = await read()
  expect([ready, isObserved]).toEqual([['True', 'Parsed'], true])
  await operator.enable()
  await operator.crash()
  await operator.pass(60_000)
  expect((await read()).resourceVersion).toBe(resourceVersion)
})
