import type { Explanation } from '#core/auth-sync-explanation.ts'
import type { SyncOutcome } from '#core/auth-sync-request.ts'
import type { Clock } from '#core/clock.ts'
import type { CommandResult, DeviceCommand, DeviceKey } from '#core/device-command.ts'
import { AppError, isAppError } from '#core/errors.ts'

import { createExchange, type Exchange, type Exchanged } from './exchange.ts'
import type { PeerMessages, Question } from './messages.ts'
import type { PeerMetrics, PeerResult } from './metrics.ts'
import {
  COMMANDS,
  EXPLANATIONS,
  MAX_ITEMS,
  type PeerQuestion,
  type Settled,
  SYNCS,
  type SyncQuestion,
} from './questions.ts'
import type { OwnToken } from './token-file.ts'

/** Where a replica is reached; `undefined`: it is gone, or tells nobody. */
export interface PeerDirectory {
  urlOf(gateway: string): string | undefined
}

/** What asking other replicas stands on. */
export interface PeerClientOptions {
  readonly directory: PeerDirectory
  readonly ownToken: OwnToken
  readonly messages: PeerMessages
  readonly clock: Clock
  readonly metrics: PeerMetrics
}

/** A device takes 65 s at most; what is left is for the way. */
const COMMAND_MS = 70_000
/** A device may have another command in hand when it is asked. */
const SYNC_MS = 140_000
const EXPLANATION_MS = 10_000

type ExplanationItem = DeviceKey & { readonly runtime: string }

interface WaitingExplanation {
  readonly item: ExplanationItem
  readonly resolve: (explanation: Explanation) => void
  readonly reject: (error: unknown) => void
}

/**
 * Asks other replicas. Rejects with `DEVICE_OFFLINE` when one is gone or does not take the question, with `DEVICE_TIMEOUT` when
 * a command may have been carried out and nobody said so, else as the question would here.
 */
export class PeerClient {
  readonly #options: PeerClientOptions
  readonly #exchange: Exchange
  /** By replica; sent together in the next turn. */
  readonly #waiting = new Map<string, WaitingExplanation[]>()

  constructor(options: PeerClientOptions) {
    this.#options = options
    this.#exchange = createExchange(options.clock)
  }

  /** Has a replica send a command to a device of its own. */
  async send(gateway: string, device: DeviceKey, command: DeviceCommand): Promise<CommandResult> {
    return this.#ask(COMMANDS, { device, command }, { gateway, timeoutMs: COMMAND_MS })
  }

  /** Has a replica sync devices of its own. */
  async requestSync(gateway: string, request: SyncQuestion): Promise<readonly SyncOutcome[]> {
    const { deviceIds } = request
    const outcomes: SyncOutcome[] = []
    for (let start = 0; start < deviceIds.length; start += MAX_ITEMS) {
      const part = { ...request, deviceIds: deviceIds.slice(start, start + MAX_ITEMS) }
      outcomes.push(...(await this.#ask(SYNCS, part, { gateway, timeoutMs: SYNC_MS })))
    }
    return outcomes
  }

  /** Has a replica explain a device of its own. What is asked in one turn travels together. */
  explain(gateway: string, device: DeviceKey, runtime: string): Promise<Explanation> {
    const { promise, resolve, reject } = Promise.withResolvers<Explanation>()
    const { namespace, deviceId } = device
    const waiting = this.#waiting.get(gateway) ?? []
    waiting.push({ item: { namespace, deviceId, runtime }, resolve, reject })
    this.#waiting.set(gateway, waiting)
    if (waiting.length === 1) setImmediate(() => this.#flush(gateway))
    if (waiting.length === MAX_ITEMS) this.#flush(gateway)
    return promise
  }

  /** Cuts the connections to the others. */
  close(): void {
    this.#exchange.close()
  }

  #flush(gateway: string): void {
    const waiting = this.#waiting.get(gateway)
    this.#waiting.delete(gateway)
    if (waiting !== undefined) void this.#explainAll(gateway, waiting)
  }

  async #explainAll(gateway: string, waiting: readonly WaitingExplanation[]): Promise<void> {
    try {
      const items = waiting.map(({ item }) => item)
      const answers = await this.#ask(EXPLANATIONS, { items }, { gateway, timeoutMs: EXPLANATION_MS })
      for (const [index, { resolve, reject }] of waiting.entries()) {
        const settled = answers[index]
        if (settled?.ok === true) resolve(settled.answer)
        else reject(settled?.failure ?? offline(gateway, unusableWords('it did not explain every device')))
      }
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
  }

  async #ask<Q, A>(kind: PeerQuestion<Q, A>, question: Q, route: PeerRoute): Promise<A> {
    const { metrics } = this.#options
    try {
      const settled = await this.#exchangeOnce(kind, question, route)
      metrics.count(kind.path, settled.ok ? 'answered' : 'failed')
      if (settled.ok) return settled.answer
      throw settled.failure
    } catch (error) {
      if (error instanceof PeerFailure) metrics.count(kind.path, error.result)
      throw error instanceof PeerFailure ? error.expected : error
    }
  }

  async #exchangeOnce<Q, A>(
    kind: PeerQuestion<Q, A>,
    question: Q,
    { gateway, timeoutMs }: PeerRoute,
  ): Promise<Settled<A>> {
    const { directory, ownToken, messages } = this.#options
    const base = directory.urlOf(gateway)
    if (base === undefined) throw new PeerFailure('gone', offline(gateway, 'is gone'))
    const url = new URL(base.replace(/\/+$/, '') + kind.path)
    const content = { subject: kind.subjectOf(question), text: kind.writeQuestion(question) }
    const [asked, token] = [await messages.ask(gateway, kind.path, content), await ownToken.read()]
    const exchanged = await this.#exchange.send({ url, token, body: asked.body, timeoutMs })
    return this.#hear(kind, asked.question, exchanged)
  }

  async #hear<Q, A>(kind: PeerQuestion<Q, A>, asked: Question, exchanged: Exchanged): Promise<Settled<A>> {
    if (exchanged.status === null) throw failureOf(kind.path, asked.peer, exchanged.reason)
    if (exchanged.status !== 200) throw refusalOf(kind.path, asked.peer, exchanged.status)
    try {
      return kind.readAnswer(await this.#options.messages.hear(asked, exchanged.text))
    } catch (error) {
      if (!isAppError(error, 'REQUEST_MALFORMED')) throw error
      throw new PeerFailure('refused', uncertain(kind.path, asked.peer, unusableWords(error.message)))
    }
  }
}

interface PeerRoute {
  readonly gateway: string
  readonly timeoutMs: number
}

/** How an exchange failed, for the metric, and what that means to who asked. */
class PeerFailure extends Error {
  override readonly name = 'PeerFailure'
  readonly result: PeerResult
  readonly expected: AppError

  constructor(result: PeerResult, expected: AppError) {
    super(expected.message)
    this.result = result
    this.expected = expected
  }
}

function failureOf(path: string, peer: string, reason: 'unreachable' | 'broken' | 'timeout'): PeerFailure {
  if (reason === 'unreachable') return new PeerFailure('gone', offline(peer, 'cannot be reached'))
  return reason === 'timeout'
    ? new PeerFailure('timed_out', uncertain(path, peer, 'did not answer in time'))
    : new PeerFailure('gone', uncertain(path, peer, 'stopped before it answered'))
}

function refusalOf(path: string, peer: string, status: number): PeerFailure {
  const what = `does not take questions of this one (HTTP ${status}); its log, or its clock and keyring, may say why`
  return new PeerFailure('refused', status === 500 ? uncertain(path, peer, what) : offline(peer, what))
}

function unusableWords(why: string): string {
  return `sent an answer that cannot be used: ${why}`
}

/** The device may have carried a command out. Of a sync and an explanation nothing is lost. */
function uncertain(path: string, peer: string, what: string): AppError {
  return path === COMMANDS.path
    ? new AppError('DEVICE_TIMEOUT', `${holderOf(peer)} ${what}`)
    : offline(peer, what)
}

function offline(peer: string, what: string): AppError {
  return new AppError('DEVICE_OFFLINE', `${holderOf(peer)} ${what}`)
}

function holderOf(peer: string): string {
  return `the replica '${peer}', which holds the connection of the device,`
}
