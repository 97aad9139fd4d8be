import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { type ConfigReports, observeConfigs } from '#api/devices/config-reports.ts'

const RUNTIMES = ['claude', 'codex']
const NOTHING: ConfigReports = new Map()
const VERSION = `sha256:${'ab'.repeat(32)}`
const OTHER = `sha256:${'cd'.repeat(32)}`

function observe(raw: unknown, known: ConfigReports = NOTHING) {
  return observeConfigs(raw, RUNTIMES, known)
}

const USER = { type: 'user', version: VERSION }
const SYSTEM = { type: 'system', unreadable: true }
const KNOWN: ConfigReports = new Map([['codex', [USER, { type: 'system', version: null }]]])

it('reads what our agent says', () => {
  expect(observe({ codex: [USER, SYSTEM] })).toEqual(KNOWN)
})

it.each([
  ['says the same again', { codex: [USER, SYSTEM] }],
  ['says the same of a runtime nobody registered', { codex: [USER, SYSTEM], gemini: [USER] }],
  ['says more of a layer than is asked', { codex: [{ ...USER, config: 'secret' }, SYSTEM] }],
])('says that nothing changed when a device %s', (_why, raw) => {
  expect(observe(raw, KNOWN)).toBeNull()
})

it.each([undefined, null, [], 'codex', 5])(
  'says that nothing changed when a device never said more than %j',
  (raw) => {
    expect(observe(raw)).toBeNull()
  },
)

it.each([
  ['a version is another', { codex: [{ ...USER, version: OTHER }, SYSTEM] }],
  ['a file became readable', { codex: [USER, { type: 'system', version: OTHER }] }],
  ['a layer is gone', { codex: [USER] }],
  ['the order is another', { codex: [SYSTEM, USER] }],
  ['another runtime has some', { codex: [USER, SYSTEM], claude: [USER] }],
  ['there are none any more', { codex: [] }],
  ['the runtime is not mentioned any more', {}],
  ['nothing is said any more', undefined],
])('notices that %s', (_why, raw) => {
  const changed = observe(raw, KNOWN)
  expect(changed).not.toBeNull()
  expect(observe(raw, changed ?? NOTHING)).toBeNull()
})

it.each([
  ['a type that is no word', { type: 'a b', version: VERSION }],
  ['a version that is none', { type: 'user', version: 'model = "secret"' }],
  ['no type', { version: VERSION }],
  ['neither version nor mark', { type: 'user' }],
  ['something else', 'user'],
])('leaves a layer out that has %s', (_why, entry) => {
  expect(observe({ codex: [entry, USER] })).toEqual(new Map([['codex', [USER]]]))
})

it('keeps at most 16 layers of a runtime and 64 of a device', () => {
  const many = Array.from({ length: 100 }, () => USER)
  const runtimes = Array.from({ length: 10 }, (_, at) => `r${at}`)
  const reports = observeConfigs(Object.fromEntries(runtimes.map((name) => [name, many])), runtimes, NOTHING)
  expect([...(reports?.values() ?? [])].map((layers) => layers.length)).toEqual([16, 16, 16, 16])
})

it('takes anything, and the same thing only once', () => {
  const anything = fc.oneof(
    fc.anything(),
    fc.dictionary(fc.constantFrom(...RUNTIMES), fc.array(fc.anything())),
  )
  fc.assert(
    fc.property(anything, (raw) => {
      const reports = observe(raw) ?? NOTHING
      expect(observe(raw, reports)).toBeNull()
    }),
  )
})
