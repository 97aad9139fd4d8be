import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { anEdit, CONFIG, edit } from '#test/support/layered-config.ts'

const RATES = { requests: 1e9, windowSeconds: 60 }

let api: TestApi

beforeAll(async () => {
  api = await startTestApi({
    limits: { rates: { address: RATES, user: RATES, execution: RATES, refusedTokenCost: 0 } },
  })
})

afterAll(() => api.stop())

const segment = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'x.y',
    '"a.b"',
    '__proto__',
    'constructor',
    'model',
    '0',
    '',
    '"',
    '\\',
    '\u{1f600}',
  ),
  fc.string({ maxLength: 6 }),
)
const keyPath = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('.'))
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(
    { $__toml_private_datetime: '1979-05-27' },
    { $__toml_private_datetime: 1 },
    { __proto__: 1 },
  ),
)
const anyEdit = fc.record({ keyPath, value, mergeStrategy: fc.constantFrom('replace', 'upsert') })

it('whatever is edited, the answer is none of a bug and the settings can still be read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEdit, { maxLength: 4 }), async (edits) => {
      const { status } = await edit(api, edits)
      expect([200, 400, 422]).toContain(status)
      const shown = await api.call('GET', `${CONFIG}?include=layers`)
      expect(shown.status).toBe(200)
    }),
    { numRuns: 300 },
  )
  expect(api.log.filter(({ level }) => level === 'error')).toEqual([])
})

describe('what nests too deep', () => {
  it.each([
    ['in a value', (depth: number) => anEdit('deep', nested(depth))],
    ['in a key path', (depth: number) => anEdit(Array.from({ length: depth }, () => 'd').join('.'), 1)],
  ])('%s is refused before it could not be read again', async (_where, make) => {
    const statuses = new Set<number>()
    for (const depth of [60, 79, 80, 81, 95, 120, 400]) statuses.add((await edit(api, [make(depth)])).status)
    expect([...statuses].filter((status) => status !== 200 && status !== 400)).toEqual([])
    expect((await api.call('GET', CONFIG)).status).toBe(200)
  })

  it('is refused as a flag of an execution', async () => {
    const token = await api.tokenFor('ada', ['execution'])
    for (const config_overrides of [
      [`a=${'['.repeat(50_000)}`],
      [`a=${'{b='.repeat(5000)}1${'}'.repeat(5000)}`],
      [`${'a.'.repeat(50_000)}b=1`],
      { [`${'a.'.repeat(50_000)}b`]: 1 },
    ]) {
      const body = { runtime: 'codex', include: ['config'], model_config: { config_overrides } }
      const { status } = await api.call('POST', '/execution-requests/enrich', { token, body })
      expect([200, 400]).toContain(status)
    }
  })
})

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level += 1) value = { d: value }
  return value
}
