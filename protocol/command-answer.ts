import * as z from 'zod/mini'

import { COMMAND_OUTPUT_BYTES, type CommandAck, commandAck } from './command.ts'

/** What our agent refuses before it looks at any file: a device that could, and must not. */
const REFUSALS = ['older_document', 'stale_fence'] as const

/** What a device can say came of a command. */
export const ANSWER_STATUSES = [
  'written',
  'skipped_existing',
  'read',
  'removed',
  'absent',
  'probed',
  'failed',
  ...REFUSALS,
] as const

/** What came of a command. */
type AnswerStatus = (typeof ANSWER_STATUSES)[number]

/** What a device found when it tried its user's proxy; `null`: it did not come that far. */
export const proxyProbe = z.object({
  isReachable: z.boolean(),
  isConnectAccepted: z.nullable(z.boolean()),
  isAuthenticated: z.nullable(z.boolean()),
  isTlsIntact: z.nullable(z.boolean()),
  message: z.string(),
})

/** A parsed {@link proxyProbe}. */
export type ProbeAnswer = z.infer<typeof proxyProbe>

/** The one JSON line a device command prints. */
const resultLine = z.object({
  status: z.enum(ANSWER_STATUSES),
  runtime: z.optional(z.nullable(z.string())),
  /** The `~/` form. */
  path: z.optional(z.nullable(z.string())),
  content: z.optional(z.nullable(z.string())),
  error: z.optional(z.nullable(z.string())),
  probe: z.optional(z.nullable(proxyProbe)),
})

/** A parsed {@link resultLine}. */
type ResultLine = z.infer<typeof resultLine>

/** A device's answer as it is meant; `content` is a plaintext and belongs into a `Secret` at once. */
export interface DeviceAnswer {
  readonly status: AnswerStatus
  readonly path: string | null
  readonly content: string | null
  /** The device's own words, or what its ack means; `null` on success. */
  readonly error: string | null
  readonly exitCode: number | null
  readonly durationMs: number
  readonly isTruncated: boolean
  readonly probe: ProbeAnswer | null
}

/** Reads an ack of `device:execute_command`. `null`: it is none, whatever a broken device sent instead. */
export function readCommandAck(raw: unknown): DeviceAnswer | null {
  const parsed = z.safeParse(commandAck, raw)
  if (!parsed.success) return null
  const ack = parsed.data
  const line = ack.stdout_truncated ? null : findResultLine(ack.stdout)
  return {
    ...(line !== null && line.status !== 'failed' && ack.success ? success(line) : failure(line, ack)),
    path: line?.path ?? null,
    exitCode: ack.exit_code,
    durationMs: Math.max(0, Math.round((ack.duration ?? 0) * 1000)),
    isTruncated: ack.stdout_truncated,
  }
}

type Outcome = Pick<DeviceAnswer, 'status' | 'content' | 'error' | 'probe'>

function success(line: ResultLine): Outcome {
  return { status: line.status, content: line.content ?? null, error: null, probe: line.probe ?? null }
}

function failure(line: ResultLine | null, ack: CommandAck): Outcome {
  const error = printable(line?.error ?? '') || explainExecutorFailure(ack)
  return { status: refusalIn(line) ?? 'failed', content: null, error, probe: null }
}

function refusalIn(line: ResultLine | null): (typeof REFUSALS)[number] | null {
  return REFUSALS.find((refusal) => refusal === line?.status) ?? null
}

/** Enough for greetings; millions of lines that almost parse must not keep the server busy. */
const MAX_RESULT_LINES = 50

/** Twice what a device is asked to send back at most; executors that send ten times as much send no result. */
const MAX_RESULT_LENGTH = 2 * COMMAND_OUTPUT_BYTES

// A shell's greeting may come before it, so the last line that is a result counts.
function findResultLine(stdout: string): ResultLine | null {
  for (const line of lastLines(stdout)) {
    const parsed = z.safeParse(resultLine, parseJson(line))
    if (parsed.success) return parsed.data
  }
  return null
}

/** Gives the last lines from the end on, without looking at more than may hold a result; a line cut by that is left out. */
function* lastLines(text: string): Iterable<string> {
  const isCut = text.length > MAX_RESULT_LENGTH
  let rest = text.slice(-MAX_RESULT_LENGTH)
  for (let count = 0; count < MAX_RESULT_LINES; count += 1) {
    const start = rest.lastIndexOf('\n') + 1
    if (start > 0 || !isCut) yield rest.slice(start)
    if (start === 0) return
    rest = rest.slice(0, start - 1)
  }
}

function parseJson(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return null
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const MAX_ERROR_LENGTH = 500

/**
 * Says in a sentence a person can act on why a command gave no result line.
 *
 * The device's own text is passed on where nothing better is known; output is not, because it may hold a secret.
 */
function explainExecutorFailure(ack: CommandAck): string {
  const error = printable(ack.error ?? '')
  if (ack.timed_out) return error || 'the device stopped the command after its time limit'
  if (ack.stdout_truncated) return 'the device cut its answer short because it is longer than the limit'
  return explainExecError(error, ack.exit_code) ?? (error || explainExitCode(ack.exit_code))
}

// The only program a device is asked for is python3, so a program that is not there can only be that one.
function explainExecError(error: string, exitCode: number | null): string | null {
  if (/\(os error 7\)|Argument list too long/i.test(error)) {
    return 'the auth document is too long for one environment string on the device'
  }
  if (/\(os error 2\)|No such file or directory/i.test(error) || exitCode === 127) {
    return 'python3 is not installed on the device or not in the PATH of its executor; install Python 3.8 or newer'
  }
  return null
}

function explainExitCode(exitCode: number | null): string {
  return exitCode === null || exitCode === 0
    ? 'the device answered without a result'
    : `the command ended with exit code ${exitCode} and no result`
}

// Cut between words: half a secret would no longer be known for one by whoever looks for it later.
function printable(text: string): string {
  const line = text.replaceAll(/\p{Cc}+/gu, ' ').trim()
  if (line.length <= MAX_ERROR_LENGTH) return line
  const head = line.slice(0, MAX_ERROR_LENGTH)
  return `${head.slice(0, head.lastIndexOf(' ') + 1)}…`
}
