import * as z from 'zod/mini'

import { EXECUTOR_SCRIPT } from '#protocol/executor-script/script.generated.ts'

import { COMMAND_ENV, type CommandKey, splitContent, toNumberText } from './command-env.ts'

/** How long a device may work on a command; five seconds more without an answer and it has failed. */
export const COMMAND_TIMEOUT_SECONDS = 60

/** How much of standard output a device sends back. */
export const COMMAND_OUTPUT_BYTES = 1_048_576

/** Which device the payload is for: our agent, which looks at `command_key` and `env` only, or any other executor. */
export type CommandForm = 'agent' | 'script'

/** Which registration of our agent the payload is for; `null`: one without a fence. */
export type CommandFence = number | null

/** What is to be asked of a device, in plain strings: the caller opens its secrets as late as this. */
export type CommandInput =
  | {
      readonly key: 'sync_runtime_auth_file'
      readonly runtime: string
      readonly target: CommandTarget
      /** The normal form without a newline at its end. */
      readonly content: string
      readonly replaceDigest?: string
      /** Larger than that of every document before; absent: it is not known. */
      readonly documentNumber?: number
    }
  | { readonly key: 'read_runtime_auth_file'; readonly runtime: string; readonly target: CommandTarget }
  | {
      readonly key: 'remove_runtime_auth_file'
      readonly runtime: string
      readonly target: CommandTarget
      readonly expectedDigest: string
    }
  | { readonly key: 'probe_proxy'; readonly proxyUrl: string; readonly probeTarget?: string }

type DocumentInput = Extract<CommandInput, { readonly key: 'sync_runtime_auth_file' }>

interface CommandTarget {
  readonly targetPath: string
  readonly homeVariable: string | null
}

/** The payload of `device:execute_command`, as executors of the reference system read it. */
export interface ExecuteCommand {
  readonly command_key: CommandKey
  /** A label for logs and people. Never holds a secret, never interpreted. */
  readonly command: string
  /** Interpreter and script for executors that are not ours; empty for our agent. */
  readonly argv: readonly string[]
  readonly args: readonly string[]
  readonly cwd: null
  /** The only place that may hold a secret. */
  readonly env: Readonly<Record<string, string>>
  readonly timeout_seconds: number
  readonly max_output_bytes: number
}

const LABELS: Readonly<Record<CommandKey, string>> = {
  sync_runtime_auth_file: 'write the runtime auth file if it is missing',
  read_runtime_auth_file: 'read the runtime auth file',
  remove_runtime_auth_file: 'remove the runtime auth file that was written here',
  probe_proxy: 'try the proxy of this user',
}

const SCRIPT_ACTIONS: Readonly<Record<CommandKey, string | null>> = {
  sync_runtime_auth_file: 'write',
  read_runtime_auth_file: 'read',
  remove_runtime_auth_file: null,
  probe_proxy: null,
}

/**
 * Makes the payload that asks a device for something.
 *
 * `null`: executors that are not ours cannot do it (`remove_runtime_auth_file`, `probe_proxy`). They never replace either: a
 * `replaceDigest` is not sent to them, so a file that exists is `skipped_existing`. Fence and document number are for our
 * agent only: nobody else would look at them.
 */
export function toExecuteCommand(
  input: CommandInput,
  form: CommandForm,
  fence: CommandFence = null,
): ExecuteCommand | null {
  const argv = form === 'agent' ? [] : scriptArgv(input.key)
  if (argv === null) return null
  return {
    command_key: input.key,
    command: 'runtime' in input ? `${LABELS[input.key]} (${input.runtime})` : LABELS[input.key],
    argv,
    args: [],
    cwd: null,
    env: form === 'agent' ? { ...envOf(input), ...agentEnvOf(input), ...fenceEnvOf(fence) } : envOf(input),
    timeout_seconds: COMMAND_TIMEOUT_SECONDS,
    max_output_bytes: COMMAND_OUTPUT_BYTES,
  }
}

// -I: neither a json.py in the working directory nor PYTHONPATH may change what the script does.
function scriptArgv(key: CommandKey): readonly string[] | null {
  const action = SCRIPT_ACTIONS[key]
  return action === null ? null : ['python3', '-I', '-c', EXECUTOR_SCRIPT, action]
}

function envOf(input: CommandInput): Record<string, string> {
  if (input.key === 'probe_proxy') return {}
  const env: Record<string, string> = {
    [COMMAND_ENV.runtime]: input.runtime,
    [COMMAND_ENV.targetPath]: input.target.targetPath,
  }
  if (input.target.homeVariable !== null) env[COMMAND_ENV.homeVariable] = input.target.homeVariable
  return input.key === 'sync_runtime_auth_file' ? { ...env, ...splitContent(input.content) } : env
}

function agentEnvOf(input: CommandInput): Record<string, string> {
  if (input.key === 'probe_proxy') return probeEnvOf(input.proxyUrl, input.probeTarget)
  if (input.key === 'remove_runtime_auth_file') return { [COMMAND_ENV.expectedDigest]: input.expectedDigest }
  return input.key === 'sync_runtime_auth_file' ? documentEnvOf(input) : {}
}

function documentEnvOf({ replaceDigest, documentNumber }: DocumentInput): Record<string, string> {
  const env: Record<string, string> = {}
  if (replaceDigest !== undefined) env[COMMAND_ENV.replaceDigest] = replaceDigest
  if (documentNumber !== undefined) env[COMMAND_ENV.documentNumber] = toNumberText(documentNumber)
  return env
}

function fenceEnvOf(fence: CommandFence): Record<string, string> {
  return fence === null ? {} : { [COMMAND_ENV.fence]: toNumberText(fence) }
}

function probeEnvOf(proxyUrl: string, probeTarget: string | undefined): Record<string, string> {
  const env = { [COMMAND_ENV.proxyUrl]: proxyUrl }
  return probeTarget === undefined ? env : { ...env, [COMMAND_ENV.probeTarget]: probeTarget }
}

/** The ack of `device:execute_command`. Liberal: what a device leaves out reads as nothing said. */
export const commandAck = z.looseObject({
  success: z.boolean(),
  exit_code: z._default(z.nullable(z.int()), null),
  stdout: z._default(z.string(), ''),
  stderr: z._default(z.string(), ''),
  /** Seconds. */
  duration: z._default(z.nullable(z.number()), null),
  timed_out: z._default(z.boolean(), false),
  stdout_truncated: z._default(z.boolean(), false),
  stderr_truncated: z._default(z.boolean(), false),
  error: z._default(z.nullable(z.string()), null),
})

/** A parsed {@link commandAck}. */
export type CommandAck = z.infer<typeof commandAck>
