import { DatabaseSync } from 'node:sqlite'

import * as fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'

import { openSqliteSubject } from '#test/support/sqlite-subject.ts'

type Step =
  | { readonly do: 'revoke'; readonly jti: string; readonly inMs: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'reopen' }

const JTIS = ['a', 'b', 'c']
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('revoke' as const),
    jti: fc.constantFrom(...JTIS),
    inMs: fc.integer({ min: -10, max: 100 }),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ do: fc.constant('reopen' as const) }),
)

type Subject = Awaited<ReturnType<typeof openSqliteSubject>>

async function openSubject(): Promise<Subject> {
  const subject = await openSqliteSubject()
  onTestFinished(() => subject.close())
  return subject
}

it('never lets a revoked token through before it expires, whatever happens in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const subject = await openSqliteSubject()
      const endsAt = new Map<string, number>()
      for (const one of steps) {
        await take(one, subject, endsAt)
        const [revoked, known] = [await revokedOf(subject), [...endsAt]]
        const mustBe = known.filter(([, end]) => end > subject.clock.now()).map(([jti]) => jti)
        // What has expired is good for nothing, whether it still counts as revoked or not.
        expect(revoked).toEqual(expect.arrayContaining(mustBe))
        expect(known.map(([jti]) => jti)).toEqual(expect.arrayContaining(revoked))
      }
      await subject.close()
    }),
    { numRuns: 25 },
  )
})

async function revokedOf({ tokens }: Subject): Promise<string[]> {
  const answers = await Promise.all(JTIS.map((jti) => tokens.isSignedRevoked(jti)))
  return JTIS.filter((_jti, at) => answers[at])
}

async function take(one: Step, subject: Subject, endsAt: Map<string, number>): Promise<void> {
  if (one.do === 'wait') await subject.clock.advance(one.ms)
  if (one.do === 'reopen') await subject.reopen()
  if (one.do !== 'revoke') return
  const end = subject.clock.now() + one.inMs
  await subject.tokens.revokeSigned(one.jti, new Date(end).toISOString())
  endsAt.set(one.jti, Math.max(end, endsAt.get(one.jti) ?? end))
}

it('forgets what has expired with the next one, in memory and on disk', async () => {
  const subject = await openSubject()
  const inAnHour = new Date(subject.clock.now() + 3_600_000).toISOString()
  const inTwoHours = new Date(subject.clock.now() + 7_200_000).toISOString()
  await subject.tokens.revokeSigned('short', inAnHour)
  await subject.tokens.revokeSigned('long', inTwoHours)
  await subject.clock.advance(3_600_000)
  await subject.tokens.revokeSigned('next', inTwoHours)

  const database = new DatabaseSync(subject.path, { readOnly: true })
  const rows = database.prepare('SELECT jti FROM revoked_tokens ORDER BY jti').all()
  database.close()
  expect(rows.map(({ jti }) => jti)).toEqual(['long', 'next'])
  const answers = await Promise.all(
    ['short', 'long', 'next'].map((jti) => subject.tokens.isSignedRevoked(jti)),
  )
  expect(answers).toEqual([false, true, true])
})

it('does not count a token as revoked that could not be written down', async () => {
  const subject = await openSubject()
  const { stores } = subject
  stores.close()
  const revoked = stores.tokens.revokeSigned('jti-1', '2026-12-21T10:00:00.000Z')
  await expect(revoked).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(await stores.tokens.isSignedRevoked('jti-1')).toBe(false)
})
