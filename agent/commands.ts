import { COMMAND_ENV, COMMAND_EXIT, COMMAND_KEYS, type CommandKey } from '#protocol/command-env.ts'
import { isRecord } from '#protocol/liberal.ts'

import {
  type CommandEnv,
  type FileDeps,
  readAuthDocument,
  removeWrittenFile,
  syncAuthFile,
} from './auth-file-commands.ts'
import { badRequest, CommandFailure, refused } from './command-failure.ts'
import type { AgentClock, AgentLogger } from './ports.ts'
import { locate } from './target-path.ts'

/** The ack of `device:execute_command`, as this agent sends it. */
export interface CommandReply {
  readonly success: boolean
  readonly exit_code: number
  readonly stdout: string
  readonly stderr: ''
  /** Seconds. */
  readonly duration: number
  readonly timed_out: false
  readonly stdout_truncated: boolean
  readonly stderr_truncated: false
}

/** What commands are carried out with. */
export interface CommandDeps {
  readonly files: () => FileDeps
  /** Tries a proxy; loaded only when it is asked for. */
  readonly probe: (env: CommandEnv) => Promise<object>
  /** Whether a command is of the present registration. */
  readonly isCurrent: (env: CommandEnv) => boolean
  readonly clock: AgentClock
  readonly logger: AgentLogger
}

const MAX_WAITING = 16
// What is refused is logged and answered with, and must not be endless there.
const MAX_RUNTIME = 100
const MAX_SHOWN_PATH = 16_384
const MAX_OUTPUT_BYTES = 1_048_576

/**
 * Carries out the four commands, one at a time.
 *
 * Of a payload only `command_key`, `env` and `max_output_bytes` are read. `command`, `argv` and everything else mean nothing
 * here, so a server that was taken over cannot make this device run anything.
 */
export class CommandRunner {
  readonly #deps: CommandDeps
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(deps: CommandDeps) {
    this.#deps = deps
  }

  /** Carries out a command when those before it are done. Never rejects: a failure is an answer. */
  async run(payload: unknown): Promise<CommandReply> {
    if (this.#waiting >= MAX_WAITING) return refusal()
    this.#waiting += 1
    const turn = this.#tail.then(() => this.#execute(payload))
    this.#tail = turn
    const reply = await turn
    this.#waiting -= 1
    return reply
  }

  async #execute(payload: unknown): Promise<CommandReply> {
    const startedAt = this.#deps.clock.monotonic()
    const answer: Answer = { status: 'failed', runtime: null, path: null }
    const exitCode = await this.#answer(payload, answer)
    const durationMs = this.#deps.clock.monotonic() - startedAt
    const { status, runtime, path, error } = answer
    const fields = {
      command: keyOf(payload),
      runtime,
      path,
      status,
      exitCode,
      durationMs: Math.round(durationMs),
    }
    if (error === undefined) this.#deps.logger.info(fields, 'command done')
    else this.#deps.logger.warn({ ...fields, error }, 'command failed')
    return toReply(answer, { exitCode, durationMs, maxBytes: outputLimitOf(payload) })
  }

  async #answer(payload: unknown, answer: Answer): Promise<number> {
    try {
      Object.assign(answer, await this.#perform(payload, answer))
      return COMMAND_EXIT.ok
    } catch (error) {
      if (!(error instanceof CommandFailure)) return fail(answer, this.#unexpected(error))
      return fail(answer, error)
    }
  }

  // Only kind and place: the text of an unforeseen error may quote what must not be printed.
  #unexpected(error: unknown): CommandFailure {
    const kind = error instanceof Error ? error.name : typeof error
    const stack = error instanceof Error ? (error.stack ?? '') : ''
    const trace = stack.split('\n').filter((line) => line.startsWith('    at '))
    this.#deps.logger.error({ kind, trace }, 'a command met a bug of this agent')
    return new CommandFailure(COMMAND_EXIT.ioFailed, `unexpected ${kind}`)
  }

  async #perform(payload: unknown, answer: Answer): Promise<object> {
    const { key, env } = parsePayload(payload)
    if (!this.#deps.isCurrent(env)) throw refused('stale_fence', OVERTAKEN)
    if (key === 'probe_proxy') return this.#deps.probe(env)
    const runtime = env[COMMAND_ENV.runtime]?.trim() ?? ''
    if (runtime === '') throw badRequest('runtime is required')
    if (runtime.length > MAX_RUNTIME) throw badRequest('runtime is too long')
    const target = {
      targetPath: env[COMMAND_ENV.targetPath] ?? '',
      homeVariable: env[COMMAND_ENV.homeVariable] ?? null,
    }
    Object.assign(answer, { runtime, path: target.targetPath.slice(0, MAX_SHOWN_PATH) })
    const deps = this.#deps.files()
    const location = locate(deps.home, target)
    answer.path = location.shownPath
    return FILE_COMMANDS[key]({ runtime, target, location, env }, deps)
  }
}

const OVERTAKEN = 'this device connected anew since; what an earlier connection asked for no longer counts'

const FILE_COMMANDS = {
  sync_runtime_auth_file: syncAuthFile,
  read_runtime_auth_file: readAuthDocument,
  remove_runtime_auth_file: removeWrittenFile,
} as const

interface Answer {
  status: string
  runtime: string | null
  path: string | null
  error?: string
}

function fail(answer: Answer, failure: CommandFailure): number {
  Object.assign(answer, { status: failure.status, error: failure.message })
  return failure.exitCode
}

function refusal(): CommandReply {
  const answer = { status: 'failed', runtime: null, path: null, error: 'too many commands at once' }
  return toReply(answer, { exitCode: COMMAND_EXIT.ioFailed, durationMs: 0, maxBytes: MAX_OUTPUT_BYTES })
}

function parsePayload(payload: unknown): { readonly key: CommandKey; readonly env: CommandEnv } {
  const key = COMMAND_KEYS.find((known) => known === keyOf(payload))
  if (key === undefined) throw badRequest(`this agent knows no command ${JSON.stringify(keyOf(payload))}`)
  return { key, env: envOf(payload) }
}

function keyOf(payload: unknown): string | null {
  const key = isRecord(payload) ? payload['command_key'] : undefined
  return typeof key === 'string' ? key.slice(0, 100) : null
}

function envOf(payload: unknown): CommandEnv {
  const env = isRecord(payload) ? payload['env'] : undefined
  if (!isRecord(env)) return {}
  const strings = Object.entries(env).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return Object.fromEntries(strings)
}

function outputLimitOf(payload: unknown): number {
  const limit = isRecord(payload) ? payload['max_output_bytes'] : undefined
  const isLimit = typeof limit === 'number' && limit >= 0 && limit < MAX_OUTPUT_BYTES
  return isLimit ? Math.floor(limit) : MAX_OUTPUT_BYTES
}

interface ReplyFacts {
  readonly exitCode: number
  readonly durationMs: number
  readonly maxBytes: number
}

function toReply(answer: Answer, { exitCode, durationMs, maxBytes }: ReplyFacts): CommandReply {
  const line = `${JSON.stringify(answer)}\n`
  const isTooLong = Buffer.byteLength(line) > maxBytes
  return {
    success: exitCode === COMMAND_EXIT.ok,
    exit_code: exitCode,
    stdout: isTooLong ? Buffer.from(line).subarray(0, maxBytes).toString() : line,
    stderr: '',
    duration: durationMs / 1000,
    timed_out: false,
    stdout_truncated: isTooLong,
    stderr_truncated: false,
  }
}
