import express, { type Express, type RequestHandler } from 'express'

import { sendText } from '#api/answer.ts'
import { bearerOf } from '#api/authenticate.ts'
import type { Logger } from '#api/logger.ts'
import type { AuthSync, DeviceCommands } from '#api/ports.ts'
import { problemHandler } from '#api/problem.ts'
import { readBodyText } from '#api/read-body.ts'
import { useSecurityHeaders } from '#api/security-headers.ts'
import type { Clock } from '#core/clock.ts'
import { AppError, isAppError } from '#core/errors.ts'

import type { PeerIdentity } from './identity.ts'
import { type PeerMessages, type Received, subjectOf } from './messages.ts'
import type { PeerMetrics } from './metrics.ts'
import {
  COMMANDS,
  EXPLANATIONS,
  type ExplanationQuestion,
  type PeerQuestion,
  type Settled,
  SYNCS,
} from './questions.ts'
import { RefusalLog } from './refusal-log.ts'

/** What this replica does itself, for its own devices; never what it asks others for, or a question might go round. */
export interface OwnPart {
  readonly commands: DeviceCommands
  readonly authSync: AuthSync
}

/** What answering other replicas stands on. */
export interface PeerAppOptions extends OwnPart {
  readonly identity: PeerIdentity
  readonly messages: PeerMessages
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: PeerMetrics
}

/** 4 MiB in base64, and its envelope. */
const MAX_BODY_BYTES = 6_291_456

/** Makes what answers other replicas, for a listener of its own. Nobody else gets past the token. */
export function createPeerApp(options: PeerAppOptions): Express {
  const { commands, authSync, metrics, logger, clock } = options
  const parts = { ...options, refusals: new RefusalLog(logger, clock) }
  const explain = ({ namespace, deviceId, runtime }: ExplanationQuestion['items'][number]) =>
    settle(authSync.explain({ namespace, deviceId }, runtime))
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  useSecurityHeaders(app)
  app.post(
    COMMANDS.path,
    answering(COMMANDS, ({ device, command }) => commands.send(device, command), parts),
  )
  app.post(
    SYNCS.path,
    answering(SYNCS, (request) => authSync.requestSync(request), parts),
  )
  app.post(
    EXPLANATIONS.path,
    answering(EXPLANATIONS, ({ items }) => Promise.all(items.map(explain)), parts),
  )
  app.use(() => {
    metrics.count('other', 'rejected')
    throw new AppError('NOT_FOUND', 'replicas ask with POST /internal/v1/commands, /syncs or /explanations')
  })
  app.use(problemHandler(logger))
  return app
}

function answering<Q, A>(
  kind: PeerQuestion<Q, A>,
  act: (question: Q) => Promise<A>,
  { identity, messages, metrics, refusals }: PeerAppOptions & { readonly refusals: RefusalLog },
): RequestHandler {
  return async (req, res) => {
    try {
      // Before a byte of the body is read: whoever is no replica costs nothing.
      await identity.verify(bearerOf(req.headers.authorization) ?? '')
      const body = await readBodyText(req, { maxBytes: MAX_BODY_BYTES, types: 'json' })
      const received = await messages.receive(kind.path, body)
      const settled = await settle(act(toQuestion(kind, received)))
      const text = await messages.answer(received.question, kind.writeAnswer(settled))
      sendText(res, { text, status: 200, type: 'application/json', headers: ['Cache-Control', 'no-store'] })
      metrics.count(kind.path, 'served')
    } catch (error) {
      metrics.count(kind.path, 'rejected')
      refusals.note(kind.path, error)
      throw error
    }
  }
}

function toQuestion<Q, A>(kind: PeerQuestion<Q, A>, { text, subject }: Received): Q {
  const question = kind.readQuestion(text)
  if (subjectOf(kind.subjectOf(question)) === subject) return question
  throw new AppError('REQUEST_MALFORMED', 'a replica asks about something else than its message says')
}

// An expected failure is an answer: the other replica rejects with it as if it had happened there.
async function settle<A>(work: Promise<A>): Promise<Settled<A>> {
  try {
    return { ok: true, answer: await work }
  } catch (failure) {
    if (isAppError(failure)) return { ok: false, failure }
    throw failure
  }
}
