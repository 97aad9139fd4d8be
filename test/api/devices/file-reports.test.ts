import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { type FileReports, observeFiles } from '#api/devices/file-reports.ts'

const RUNTIMES = ['claude', 'codex']
const NOTHING: FileReports = new Map()
const HEX = 'ab'.repeat(32)

function observe(raw: unknown, known: FileReports = NOTHING) {
  return observeFiles(raw, RUNTIMES, known)
}

const OURS = {
  target_path: '~/.codex/auth.json',
  exists: true,
  mode: 0o600,
  size: 12,
  modified_at: 1_795_000_000_000.5,
  digest: HEX,
  last_written_digest: HEX,
  account: HEX,
  last_refresh: '2026-11-21T10:00:00.123456789Z',
  sessions: 2,
}

it('reads everything our agent says', () => {
  expect(observe({ codex: OURS })).toEqual({
    changed: ['codex'],
    reports: new Map([
      [
        'codex',
        {
          targetPath: '~/.codex/auth.json',
          exists: true,
          mode: 0o600,
          size: 12,
          modifiedAt: 1_795_000_000_000.5,
          digest: HEX,
          lastWrittenDigest: HEX,
          account: HEX,
          lastRefresh: '2026-11-21T10:00:00.123456789Z',
          sessions: 2,
          error: null,
        },
      ],
    ]),
  })
})

it.each([undefined, null, 0, 'x', [], {}, { codex: true }, { codex: null }, { codex: [] }, { other: OURS }])(
  'reads nothing out of %j',
  (raw) => {
    expect(observe(raw)).toBeNull()
  },
)

it.each([null, 0, 1, 'false', 'true', [], {}])(
  'takes only booleans for an answer: exists %j says nothing',
  (exists) => {
    expect(observe({ codex: { exists } })?.reports.get('codex')?.exists).toBeNull()
  },
)

it.each([
  ['exists', false],
  ['target_path', '/home/u/.codex/auth.json'],
  ['mode', 0o644],
  ['size', 13],
  ['modified_at', 1],
  ['digest', null],
  ['last_written_digest', undefined],
  ['account', 'cd'.repeat(32)],
  ['last_refresh', '2027-01-01T00:00:00Z'],
  ['sessions', 0],
  ['error', 'the disk is on fire'],
])('notices a change of %s alone', (field, value) => {
  const known = observe({ codex: OURS })?.reports ?? NOTHING
  expect(observe({ codex: { ...OURS, [field]: value } }, known)?.changed).toEqual(['codex'])
})

it('keeps the report of a runtime that did not change', () => {
  const known = observe({ codex: OURS, claude: { exists: false } })?.reports ?? NOTHING
  const next = observe({ codex: OURS, claude: { exists: true } }, known)
  expect(next?.changed).toEqual(['claude'])
  expect(next?.reports.get('codex')).toBe(known.get('codex'))
})

it('notices a runtime that is no longer mentioned, or no longer registered', () => {
  const known = observe({ codex: OURS })?.reports ?? NOTHING
  expect(observe({}, known)).toEqual({ changed: ['codex'], reports: new Map() })
  expect(observeFiles({ codex: OURS }, ['claude'], known)).toEqual({ changed: ['codex'], reports: new Map() })
})

it('holds less than 64 KiB however many runtimes a device fills to the brim', () => {
  const names = Array.from({ length: 200 }, (_unused, at) => `runtime-${at}`)
  const raw = Object.fromEntries(
    names.map((name) => [name, { target_path: '中'.repeat(1024), error: '中'.repeat(5000) }]),
  )
  const held = observeFiles(raw, names, NOTHING)?.reports ?? NOTHING
  expect(held.size).toBeGreaterThan(5)
  expect(JSON.stringify([...held]).length * 2).toBeLessThan(65_536)
})

it('says nothing changed when the same comes again, whatever it is', () => {
  const anything = fc.dictionary(
    fc.constantFrom('codex', 'claude', '__proto__', 'x'),
    fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom(...Object.keys(OURS), 'error'), fc.jsonValue()),
      fc.constant(OURS),
    ),
  )
  fc.assert(
    fc.property(anything, (files) => {
      const raw: unknown = JSON.parse(JSON.stringify(files))
      const known = observe(raw)?.reports ?? NOTHING
      expect(observe(raw, known)).toBeNull()
    }),
  )
})
