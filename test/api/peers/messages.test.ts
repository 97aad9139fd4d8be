import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { PeerMessages } from '#api/peers/messages.ts'
import { Secret } from '#core/secret.ts'
import { createSealer } from '#secrets/seal.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { aKeyring } from '#test/support/keys.ts'

const PATH = '/internal/v1/commands'
const CANARY = 'canary-secret'
const CONTENT = { subject: ['user-7', 'device-1'], text: new Secret(`{"token":"${CANARY}"}`) }

/** Replicas a, b and c of one installation, and one of another, all started at the same time. */
function aTalk() {
  const clock = new FakeClock()
  const sealer = createSealer(aKeyring())
  const messagesOf = (replica: string) => new PeerMessages({ replica, sealer, clock })
  const [a, b, c] = [messagesOf('a'), messagesOf('b'), messagesOf('c')]
  const stranger = new PeerMessages({ replica: 'b', sealer: createSealer(aKeyring()), clock })
  return { clock, a, b, c, stranger, messagesOf }
}

/** Why a message was refused. */
async function refusalOf(opening: Promise<unknown>): Promise<string> {
  return opening.then(
    () => 'taken',
    (error: { readonly code: string; readonly message: string }) => {
      expect(error.code).toBe('REQUEST_MALFORMED')
      expect(error.message).not.toContain(CANARY)
      return error.message.replace('the message of a replica cannot be used: ', '')
    },
  )
}

const UNOPENED = 'it does not open: changed, meant for another place, or sealed under a key that is not here'

describe('a question', () => {
  it('is opened by whom it is for, and says who asked', async () => {
    const { a, b } = aTalk()
    const { question, body } = await a.ask('b', PATH, CONTENT)
    const received = await b.receive(PATH, body)

    expect(received.text.open()).toBe(CONTENT.text.open())
    expect(received.question).toEqual({ ...question, peer: 'a' })
    expect(body).not.toMatch(/canary|device-1|user-7/)
  })

  it('is opened once', async () => {
    const { a, b } = aTalk()
    const { body } = await a.ask('b', PATH, CONTENT)
    await b.receive(PATH, body)

    expect(await refusalOf(b.receive(PATH, body))).toBe('it came before')
  })

  it('is for nobody else', async () => {
    const { a, c } = aTalk()
    const { body } = await a.ask('b', PATH, CONTENT)

    expect(await refusalOf(c.receive(PATH, body))).toBe('it is for another replica')
  })

  it.each([
    ['another receiver', { to: 'c' }, 'c'],
    ['another sender', { from: 'c' }, 'b'],
    ['another subject', { subject: 'x' }, 'b'],
    ['another id', { id: '6b0b1d7e-6f0b-4f0c-9d51-3c8f3b8f3c11' }, 'b'],
  ] as const)('does not open under %s', async (_what, change, receiver) => {
    const talk = aTalk()
    const { body } = await talk.a.ask('b', PATH, CONTENT)
    const changed = JSON.stringify({ ...(JSON.parse(body) as object), ...change })

    expect(await refusalOf(talk[receiver].receive(PATH, changed))).toBe(UNOPENED)
  })

  it('does not open on another path, nor in another installation', async () => {
    const { a, b, stranger } = aTalk()
    const { body } = await a.ask('b', PATH, CONTENT)

    expect(await refusalOf(b.receive('/internal/v1/syncs', body))).toBe(UNOPENED)
    expect(await refusalOf(stranger.receive(PATH, body))).toBe(UNOPENED)
  })

  it('is not its own answer', async () => {
    const { a, b } = aTalk()
    const { body } = await a.ask('b', PATH, CONTENT)
    const { question } = await b.receive(PATH, body)

    expect(await refusalOf(b.hear(question, body))).toBe(UNOPENED)
  })

  it.each([
    ['64.999 s after it was sent', 64_999, 'taken'],
    ['65 s after it was sent', 65_000, 'it is too old'],
  ])('counts %s: %s', async (_when, ms, outcome) => {
    const { a, b, clock } = aTalk()
    const { body } = await a.ask('b', PATH, CONTENT)
    await clock.advance(ms)

    expect(await refusalOf(b.receive(PATH, body))).toBe(outcome)
  })

  it.each([
    [30_000, 'taken'],
    [30_001, 'it is from the future; compare the clocks of the replicas'],
  ])('of a clock that is %d ms ahead is %s', async (aheadMs, outcome) => {
    const { a, b, clock } = aTalk()
    await clock.advance(60_000)
    const { body } = await a.ask('b', PATH, CONTENT)
    clock.jump(-aheadMs)

    expect(await refusalOf(b.receive(PATH, body))).toBe(outcome)
  })

  it('does not come again to a replica that was started anew under the same name', async () => {
    const { a, b, clock, messagesOf } = aTalk()
    const { body } = await a.ask('b', PATH, CONTENT)
    await b.receive(PATH, body)
    await clock.advance(1_000)

    expect(await refusalOf(messagesOf('b').receive(PATH, body))).toBe(
      'it was sent before this replica started',
    )
  })

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '{"from":"a"}',
    'nonsense',
    '{"from":"a","to":"b","id":1,"subject":"","sealed":""}',
  ])('is refused when it is %j', async (body) => {
    const { b } = aTalk()

    expect(await refusalOf(b.receive(PATH, body))).toBe('expected { from, to, id, subject, sealed }')
  })

  it('never opens with one character of it changed', async () => {
    const { a, b } = aTalk()
    const { body } = await a.ask('b', PATH, CONTENT)
    const change = fc.record({
      at: fc.nat(body.length - 1),
      to: fc.constantFrom('A', 'b', '0', '"', '.', '_'),
    })
    await fc.assert(
      fc.asyncProperty(change, async ({ at, to }) => {
        fc.pre(body[at] !== to)
        expect(await refusalOf(b.receive(PATH, body.slice(0, at) + to + body.slice(at + 1)))).not.toBe(
          'taken',
        )
      }),
    )
    expect(await refusalOf(b.receive(PATH, body))).toBe('taken')
  })
})

describe('an answer', () => {
  /** A question that b has opened. */
  async function anAsked() {
    const talk = aTalk()
    const { question, body } = await talk.a.ask('b', PATH, CONTENT)
    return { ...talk, asked: question, received: (await talk.b.receive(PATH, body)).question }
  }

  it('is opened by who asked', async () => {
    const { a, b, asked, received } = await anAsked()
    const body = await b.answer(received, new Secret(CANARY))

    expect((await a.hear(asked, body)).open()).toBe(CANARY)
    expect(body).not.toContain(CANARY)
  })

  it('belongs to one question', async () => {
    const { a, b, received } = await anAsked()
    const { question: other } = await a.ask('b', PATH, CONTENT)
    const body = await b.answer(received, new Secret('{}'))
    const moved = JSON.stringify({ ...(JSON.parse(body) as object), id: other.id })

    expect(await refusalOf(a.hear(other, body))).toBe('it answers something else')
    expect(await refusalOf(a.hear(other, moved))).toBe(UNOPENED)
  })

  it('comes from the one who was asked', async () => {
    const { a, c, asked, received } = await anAsked()
    const body = await c.answer(received, new Secret('{}'))
    const pretended = JSON.stringify({ ...(JSON.parse(body) as object), from: 'b' })

    expect(await refusalOf(a.hear(asked, body))).toBe('it answers something else')
    expect(await refusalOf(a.hear(asked, pretended))).toBe(UNOPENED)
  })

  it('ends like a question', async () => {
    const { a, b, asked, received, clock } = await anAsked()
    const body = await b.answer(received, new Secret('{}'))
    await clock.advance(65_000)

    expect(await refusalOf(a.hear(asked, body))).toBe('it is too old')
  })
})
