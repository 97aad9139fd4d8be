import { hash, randomUUID } from 'node:crypto'

import { z } from 'zod'

import type { Clock } from '#core/clock.ts'
import { AppError, isAppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import type { Place, Sealer } from '#secrets/seal.ts'

import { ReplayMemory } from './replay-memory.ts'

/** What messages are made with. */
export interface MessagesOptions {
  /** Name of this replica. */
  readonly replica: string
  readonly sealer: Sealer
  readonly clock: Clock
}

/** What is said, and about what: a message about one device does not open as one about another. */
export interface Content {
  readonly subject: readonly string[]
  /** JSON. */
  readonly text: Secret<string>
}

/** A request that was asked of another replica: what its answer has to belong to. */
export interface Question {
  readonly id: string
  readonly path: string
  readonly peer: string
}

/** A request that another replica asked, opened. */
export interface Received {
  readonly question: Question
  /** Of {@link Content}; the text has to be about exactly this. */
  readonly subject: string
  readonly text: Secret<string>
}

/** How long a message counts: as long as a device may take for a command, so that nobody acts on one that was given up. */
const MESSAGE_LIFE_MS = 65_000

/** How far the clocks of two replicas may be apart. */
const MAX_SKEW_MS = 30_000

const name = z.string().min(1).max(253)

const envelope = z.strictObject({
  from: name,
  to: name,
  id: z.uuid(),
  subject: z.string().max(64),
  sealed: z.string(),
})

const letter = z.strictObject({ sentAt: z.int(), text: z.string() })

/**
 * Seals what replicas say to each other, with the keyring they share: between them it may travel over anything.
 *
 * A message opens once, within 65 s, and only as what it is: from this sender to this receiver, on this path, about this
 * subject, as a question or as the answer to that very question.
 */
export class PeerMessages {
  readonly #options: MessagesOptions
  readonly #seen: ReplayMemory
  readonly #startedAt: number

  constructor(options: MessagesOptions) {
    this.#options = options
    this.#seen = new ReplayMemory(options.clock, MESSAGE_LIFE_MS + MAX_SKEW_MS)
    this.#startedAt = options.clock.now()
  }

  /** Seals a question to a peer. Rejects with `INVALID` when it is over 4 MiB. */
  async ask(peer: string, path: string, content: Content): Promise<{ question: Question; body: string }> {
    const question = { id: randomUUID(), path, peer }
    const body = await this.#seal('question', question, content)
    return { question, body }
  }

  /** Opens what came on a path. Rejects with `REQUEST_MALFORMED`, or `RATE_LIMITED` when too many came lately. */
  async receive(path: string, body: string): Promise<Received> {
    const { from, to, id, subject, sealed } = this.#parse(body)
    if (to !== this.#options.replica) throw refused('it is for another replica')
    const question = { id, path, peer: from }
    const { sentAt, text } = await this.#open(placeOf('question', { ...question, from, to, subject }), sealed)
    this.#requireTimely(sentAt)
    // This process remembers nothing of before its start; what was sent by then may have been heard by the one before it.
    if (sentAt < this.#startedAt) throw refused('it was sent before this replica started')
    if (!this.#seen.take(id)) throw refused('it came before')
    return { question, subject, text }
  }

  /** Seals the answer to a question. */
  async answer(question: Question, text: Secret<string>): Promise<string> {
    return this.#seal('answer', question, { subject: [], text })
  }

  /** Opens the answer to a question. Rejects with `REQUEST_MALFORMED` when it is none to it. */
  async hear({ id, path, peer }: Question, body: string): Promise<Secret<string>> {
    const { from, to, id: saidId, subject, sealed } = this.#parse(body)
    if (from !== peer || to !== this.#options.replica || saidId !== id)
      throw refused('it answers something else')
    const { sentAt, text } = await this.#open(placeOf('answer', { id, path, from, to, subject }), sealed)
    this.#requireTimely(sentAt)
    return text
  }

  async #seal(kind: Kind, { id, path, peer }: Question, { subject, text }: Content): Promise<string> {
    const { replica, sealer, clock } = this.#options
    const route = { id, path, from: replica, to: peer, subject: subjectOf(subject) }
    const plain = new Secret(JSON.stringify({ sentAt: clock.now(), text: text.open() }))
    const sealed = await sealer.seal(plain, placeOf(kind, route))
    const { path: _path, ...said } = route
    return JSON.stringify({ ...said, sealed })
  }

  #parse(body: string): z.output<typeof envelope> {
    const parsed = envelope.safeParse(parseJson(body))
    if (!parsed.success) throw refused('expected { from, to, id, subject, sealed }')
    return parsed.data
  }

  async #open(place: Place, sealed: string): Promise<{ sentAt: number; text: Secret<string> }> {
    try {
      const opened = await this.#options.sealer.open(sealed, place)
      const parsed = letter.safeParse(parseJson(opened.open()))
      if (!parsed.success) throw refused('expected { sentAt, text } in it')
      return { sentAt: parsed.data.sentAt, text: new Secret(parsed.data.text) }
    } catch (error) {
      if (!isAppError(error, 'DECRYPT_FAILED')) throw error
      throw refused(
        'it does not open: changed, meant for another place, or sealed under a key that is not here',
      )
    }
  }

  #requireTimely(sentAt: number): void {
    const ageMs = this.#options.clock.now() - sentAt
    if (ageMs >= MESSAGE_LIFE_MS) throw refused('it is too old')
    if (ageMs < -MAX_SKEW_MS) throw refused('it is from the future; compare the clocks of the replicas')
  }
}

type Kind = 'question' | 'answer'

interface MessageRoute {
  readonly id: string
  readonly path: string
  readonly from: string
  readonly to: string
  readonly subject: string
}

function placeOf(kind: Kind, { id, path, from, to, subject }: MessageRoute): Place {
  return { user: from, kind: 'PeerMessage', namespace: to, name: subject, field: `${kind} ${path} ${id}` }
}

/** Names what a message is about, without saying it: the name travels in the open. */
export function subjectOf(subject: readonly string[]): string {
  return hash('sha256', JSON.stringify(subject), 'base64url')
}

/** Reads JSON; `undefined` for what is none. The parser's own words would quote it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refused(why: string): AppError {
  return new AppError('REQUEST_MALFORMED', `the message of a replica cannot be used: ${why}`)
}
