import { beforeEach, expect, it } from 'vitest'

import { ConfigStacks } from '#api/config-stacks.ts'
import { Secret } from '#core/secret.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { BUILT_IN_RUNTIMES } from '#crds/types/runtimes.generated.ts'
import type { Sealer } from '#secrets/seal.ts'
import type { User } from '#store/users.ts'

const USER: User = {
  id: '1',
  name: 'ada',
  email: null,
  role: 'user',
  namespace: 'user-1',
  isActive: true,
  preferences: {},
  resourceVersion: '1',
}
const runtime = BUILT_IN_RUNTIMES.find(({ metadata }) => metadata.name === 'codex')

let opened: string[]
const sealer: Sealer = {
  seal: async (text) => text.open(),
  open: async (sealed) => {
    opened.push(sealed)
    return new Secret(sealed)
  },
}

beforeEach(() => {
  opened = []
})

function sources(text: string, parts: { namespace?: string; managed?: readonly string[] } = {}) {
  if (runtime === undefined) throw new Error('there is no codex')
  const { namespace = 'user-1', managed = [] } = parts
  const version = `sha256:${'a'.repeat(64)}`
  const layer = { format: 'toml' as const, encryptedValue: text, version, updatedAt: '' }
  const config: ObjectOf<'UserRuntimeConfig'> = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'UserRuntimeConfig',
    metadata: { name: 'codex', namespace },
    spec: { runtime: 'codex', config: layer },
  }
  return {
    user: { ...USER, namespace },
    runtime,
    config,
    managed: managed.map((config, at): ObjectOf<'ManagedRuntimeConfig'> => ({
      apiVersion: 'agent.wecode.io/v1',
      kind: 'ManagedRuntimeConfig',
      metadata: { name: `m${at}`, uid: `uid-${at}`, generation: config.length },
      spec: { runtime: 'codex', config },
    })),
  }
}

it('opens and reads each stored version once, whoever asks', async () => {
  const stacks = new ConfigStacks({ sealer, onUnopened: () => {} })
  const first = await stacks.open(sources('a = 1'))
  expect(await stacks.open(sources('a = 1'))).toBe(first)
  expect(await stacks.open(sources('a = 2'))).not.toBe(first)
  expect(opened).toEqual(['a = 1', 'a = 2'])
})

it('reads again when what an administrator sets is another', async () => {
  const stacks = new ConfigStacks({ sealer, onUnopened: () => {} })
  const before = await stacks.open(sources('a = 1', { managed: ['b = 1'] }))
  const after = await stacks.open(sources('a = 1', { managed: ['b = 22'] }))
  expect([before, after].map(({ stack }) => stack.effectiveConfig().get('b'))).toEqual([1n, 22n])
})

it('opens what does not parse once, too, and counts it once', async () => {
  let unopened = 0
  const stacks = new ConfigStacks({ sealer, onUnopened: () => void (unopened += 1) })
  for (let round = 0; round < 3; round += 1) {
    await expect(stacks.open(sources('a ='))).rejects.toMatchObject({ code: 'CONFIG_UNUSABLE' })
  }
  expect([opened.length, unopened]).toEqual([1, 1])
})

it('keeps no more text than it was told, those used last', async () => {
  const stacks = new ConfigStacks({ sealer, onUnopened: () => {}, maxCharacters: 4_000 })
  const ask = (namespace: string) => stacks.open(sources(`a = "${'x'.repeat(500)}"`, { namespace }))
  for (const namespace of ['one', 'two', 'one', 'three', 'one', 'two']) await ask(namespace)
  expect(opened).toHaveLength(4)
})

it('keeps one that is larger than everything it may keep, until the next', async () => {
  const stacks = new ConfigStacks({ sealer, onUnopened: () => {}, maxCharacters: 10 })
  await stacks.open(sources('a = 1'))
  await stacks.open(sources('a = 1'))
  expect(opened).toHaveLength(1)
})
