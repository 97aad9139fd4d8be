import { z } from 'zod'

import type { Explanation } from '#core/auth-sync-explanation.ts'
import { GATES } from '#core/auth-sync-gates.ts'
import type { SyncOutcome } from '#core/auth-sync-request.ts'
import type { CommandResult, DeviceCommand, DeviceKey } from '#core/device-command.ts'
import { AppError, ERRORS, type ErrorCode, isAppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import { ANSWER_STATUSES, proxyProbe } from '#protocol/command-answer.ts'

import { parseJson } from './messages.ts'

/** Something a replica can be asked: how question and answer are written and read. */
export interface PeerQuestion<Q, A> {
  readonly path: string
  /** What a message is about; a question that says otherwise than its envelope is refused. */
  readonly subjectOf: (question: Q) => readonly string[]
  readonly writeQuestion: (question: Q) => Secret<string>
  /** Rejects with `REQUEST_MALFORMED`, without a word of the text. */
  readonly readQuestion: (text: Secret<string>) => Q
  readonly writeAnswer: (answer: Settled<A>) => Secret<string>
  readonly readAnswer: (text: Secret<string>) => Settled<A>
}

/** What came of a question: an answer, or the expected failure that a call would reject with. */
export type Settled<A> =
  | { readonly ok: true; readonly answer: A }
  | { readonly ok: false; readonly failure: AppError }

/** A command for a device that the other replica speaks with. */
export interface CommandQuestion {
  readonly device: DeviceKey
  readonly command: DeviceCommand
}

/** A sync of devices that the other replica speaks with. */
export interface SyncQuestion {
  readonly namespace: string
  readonly runtime: string
  readonly deviceIds: readonly string[]
}

/** Why devices that the other replica speaks with are as they are; many at once, because a list of devices asks for all. */
export interface ExplanationQuestion {
  readonly items: readonly (DeviceKey & { readonly runtime: string })[]
}

/** More devices are asked about in several requests. */
export const MAX_ITEMS = 500

const name = z.string().min(1).max(253)
const deviceId = z.string().min(1).max(200)
const nullableText = z.string().nullable()
const secretText = z.string().transform((text) => new Secret(text))

const device = z.object({ namespace: name, deviceId })
const target = z.object({ targetPath: z.string(), homeVariable: nullableText })
const ofRuntime = { runtime: name, target }

const command: z.ZodType<DeviceCommand> = z.discriminatedUnion('key', [
  z.object({
    key: z.literal('sync_runtime_auth_file'),
    ...ofRuntime,
    content: secretText,
    replaceDigest: z.string().exactOptional(),
    documentNumber: z.int().min(0).exactOptional(),
  }),
  z.object({ key: z.literal('read_runtime_auth_file'), ...ofRuntime }),
  z.object({ key: z.literal('remove_runtime_auth_file'), ...ofRuntime, expectedDigest: z.string() }),
  z.object({ key: z.literal('probe_proxy'), proxyUrl: secretText }),
])

const commandResult: z.ZodType<CommandResult> = z.object({
  status: z.enum(ANSWER_STATUSES),
  path: nullableText,
  content: secretText.nullable(),
  error: nullableText,
  exitCode: z.int().nullable(),
  durationMs: z.number(),
  isTruncated: z.boolean(),
  probe: z.nullable(proxyProbe),
})

const syncOutcome: z.ZodType<SyncOutcome> = z.object({
  deviceId,
  success: z.boolean(),
  status: z.string(),
  error: nullableText,
})

// With its type it misses none: a state that is added and not named here does not compile.
const STATES = {
  InSync: 'InSync',
  Missing: 'Missing',
  Stale: 'Stale',
  RotatedOnDevice: 'RotatedOnDevice',
  Foreign: 'Foreign',
  ToRemove: 'ToRemove',
  Unknown: 'Unknown',
  NotManaged: 'NotManaged',
  Syncing: 'Syncing',
  Verifying: 'Verifying',
  Stalled: 'Stalled',
} as const satisfies { readonly [S in Explanation['state']]: S }

const explanation: z.ZodType<Explanation> = z.object({
  deviceId,
  runtime: name,
  state: z.enum(STATES),
  reason: z.string(),
  message: z.string(),
  gates: z.array(z.object({ name: z.enum(GATES), passed: z.boolean(), message: z.string() })),
  nextAction: z.enum(['none', 'write', 'replace', 'remove', 'import']),
  nextAttemptAt: z.number().nullable(),
  unblock: nullableText,
  targetPath: z.string(),
  attempts: z.int(),
  lastCommand: nullableText,
  lastResult: nullableText,
  lastSyncTime: nullableText,
  isCredentialShared: z.boolean(),
})

/** Asks for one command, and its result. */
export const COMMANDS = defineQuestion<CommandQuestion, CommandResult>({
  path: '/internal/v1/commands',
  subjectOf: ({ device: { namespace, deviceId: id }, command: { key } }) => [namespace, id, key],
  question: z.object({ device, command }),
  answer: commandResult,
})

/** Asks for a sync, and what became of each device. */
export const SYNCS = defineQuestion<SyncQuestion, readonly SyncOutcome[]>({
  path: '/internal/v1/syncs',
  subjectOf: ({ namespace, runtime, deviceIds }) => [namespace, runtime, ...deviceIds],
  question: z.object({ namespace: name, runtime: name, deviceIds: z.array(deviceId).max(MAX_ITEMS) }),
  answer: z.array(syncOutcome),
})

/** Asks for explanations, each of which may fail by itself. */
export const EXPLANATIONS = defineQuestion<ExplanationQuestion, readonly Settled<Explanation>[]>({
  path: '/internal/v1/explanations',
  subjectOf: ({ items }) => items.flatMap((item) => [item.namespace, item.deviceId, item.runtime]),
  question: z.object({ items: z.array(device.extend({ runtime: name })).max(MAX_ITEMS) }),
  answer: z.array(settled(explanation)),
})

interface Definition<Q, A> {
  readonly path: string
  readonly subjectOf: (question: Q) => readonly string[]
  readonly question: z.ZodType<Q>
  readonly answer: z.ZodType<A>
}

function defineQuestion<Q, A>({ path, subjectOf, question, answer }: Definition<Q, A>): PeerQuestion<Q, A> {
  const settledAnswer = settled(answer)
  return {
    path,
    subjectOf,
    writeQuestion: write,
    readQuestion: (text) => read(question, text),
    writeAnswer: write,
    readAnswer: (text) => read(settledAnswer, text),
  }
}

function settled<A>(answer: z.ZodType<A>): z.ZodType<Settled<A>> {
  const code = z.string().transform(toCode)
  return z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), answer }),
    z.object({
      ok: z.literal(false),
      failure: z.object({ code, message: z.string() }).transform(toFailure),
    }),
  ])
}

function toFailure({ code, message }: { readonly code: ErrorCode; readonly message: string }): AppError {
  return new AppError(code, message)
}

// A replica of a later version may know failures that this one does not.
function toCode(text: string): ErrorCode {
  return Object.hasOwn(ERRORS, text) ? (text as ErrorCode) : 'DEVICE_FAILED'
}

function write(value: unknown): Secret<string> {
  return new Secret(JSON.stringify(toPlain(value)))
}

/** Opens what is secret and says of failures what a person may read: both are sealed right after. */
function toPlain(value: unknown): unknown {
  if (value instanceof Secret) return value.open()
  if (isAppError(value)) return { code: value.code, message: value.message }
  if (Array.isArray(value)) return value.map(toPlain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toPlain(inner)]))
}

// Where it is wrong, and not what stands there: it may be a secret.
function read<T>(schema: z.ZodType<T>, text: Secret<string>): T {
  const parsed = schema.safeParse(parseJson(text.open()))
  if (parsed.success) return parsed.data
  const path = parsed.error.issues[0]?.path.join('.') ?? ''
  throw new AppError('REQUEST_MALFORMED', `a replica says something else than expected at '${path}'`)
}
