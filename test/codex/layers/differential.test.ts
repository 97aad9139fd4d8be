import { readFileSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { compareMany, tellFailure } from './agreement.ts'
import { AppServer } from './app-server.ts'
import { findBinary } from './binary.ts'
import { whyIntended } from './disagreements.ts'
import { DOCUMENT, unexplained } from './explained.ts'
import { INTENDED_DIFFERENCES } from './intended-differences.ts'
import { ourReadOf } from './ours.ts'
import { PATHS } from './paths.ts'
import { differencesOf, recordAll } from './record-all.ts'
import { tell } from './record-differences.ts'
import { Sandbox, whatIsMissing } from './sandbox.ts'
import { theirRead } from './theirs.ts'

const MINUTES = 60_000
const SEED = 5

beforeAll(() => {
  const missing = whatIsMissing()
  if (missing !== null) throw new Error(missing)
})

describe('layers beside the real Codex CLI', () => {
  it(
    'agree on 2 000 random stacks and on writes to them, but for what is intended',
    async () => {
      const amount = { seed: SEED, flagSets: 110, stacksEach: 20, settingsShare: 0.3, shrinkAtMost: 5 }
      const agreement = await compareMany(amount, (line) => process.stdout.write(`${line}\n`))
      expect(agreement.failures.map(tellFailure)).toEqual([])
      expect(agreement).toMatchObject({ failed: 0 })
      expect(agreement.stacks).toBeGreaterThanOrEqual(2000)
      // Were most of them refused, they would agree about nothing.
      expect(agreement.reads / agreement.stacks).toBeGreaterThan(0.7)
      expect(agreement.writes / agreement.stacks).toBeGreaterThan(0.7)
    },
    15 * MINUTES,
  )

  it(
    'are recorded as the installed release behaves, or the difference is explained',
    async () => {
      const { version } = findBinary()
      const differences = differencesOf(await recordAll(findBinary()), version)
      expect(unexplained(differences, version).map(tell)).toEqual([])
    },
    15 * MINUTES,
  )
})

describe('files that are no text', () => {
  let sandbox: Sandbox
  beforeAll(() => void (sandbox = new Sandbox()))
  afterAll(() => sandbox.close())

  const ODD = [
    ['a folder', 'folder'],
    ['not UTF-8', Buffer.from([0x61, 0x3d, 0x22, 0xff, 0x22])],
  ] as const
  const FILES = ['user', 'system', 'managed', 'requirements'] as const

  it.each(ODD.flatMap(([what, content]) => FILES.map((file) => [file, what, content] as const)))(
    'are refused by both with the path of the %s file when it is %s',
    async (file, _what, content) => {
      for (const path of Object.values(PATHS)) sandbox.write(path, null)
      sandbox.write('/sandbox/home/.keep', '')
      const server = await sandbox.start()
      if (!(server instanceof AppServer)) throw new Error(server.stderr)
      sandbox.write(PATHS[file], content === 'folder' ? null : content)
      if (content === 'folder') sandbox.write(`${PATHS[file]}/.keep`, '')
      const stackCase = { seed: 0, flags: [], files: {}, writes: [] }
      const theirs = await theirRead({ sandbox, server }, stackCase)
      await server.close()
      const ours = await ourReadOf(sandbox)
      const told = { part: 'read fault', theirs: theirs.fault ?? 'none', ours: ours ?? 'none', files: {} }
      expect(ours).toBe(`unreadable ${PATHS[file]}`)
      expect(theirs.fault === ours ? undefined : whyIntended(told)).toBe(
        file === 'managed' ? 'managed-without-path' : undefined,
      )
    },
  )
})

describe('the document about differences', () => {
  it('tells every intended difference and no other', () => {
    const rows = readFileSync(DOCUMENT, 'utf8').matchAll(/^\| `([a-z-]+)` +\| (.+?) +\|$/gmu)
    expect([...rows].map(([, id, reason]) => ({ id, reason }))).toEqual(
      INTENDED_DIFFERENCES.map(({ id, reason }) => ({ id, reason: reason.replaceAll('|', String.raw`\|`) })),
    )
  })
})
