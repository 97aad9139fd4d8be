import * as z from 'zod/mini'

import { isPrintable, orNull } from './liberal.ts'

/** Socket.IO names of everything that is said between a device and the server. */
export const DEVICE_NAMESPACE = '/local-executor'

/** Events of the device channel; `device:runtimes` goes to our own agent only. */
export const DEVICE_EVENTS = {
  register: 'device:register',
  heartbeat: 'device:heartbeat',
  status: 'device:status',
  executeCommand: 'device:execute_command',
  runtimes: 'device:runtimes',
} as const

const MAX_CHARACTERS = 100

/** Fifteen digits, as in the environment of a command. */
const MAX_FENCE = 999_999_999_999_999

// Ids and names end up in resources, addresses and logs: one line, and text that survives UTF-8.
const LABEL_RULE = `expected 1 to ${MAX_CHARACTERS} printable characters`

const label = z.string(LABEL_RULE).check(z.refine(isLabel, LABEL_RULE))

const registerPayload = z.object(
  {
    device_id: label,
    name: label,
    device_type: z.enum(['local', 'app', 'cloud', 'remote'], 'expected local, app, cloud or remote'),
    executor_version: orNull(z.string().check(z.maxLength(MAX_CHARACTERS))),
    runtime_features: z.optional(z.unknown()),
    fence: orNull(z.int().check(z.minimum(0), z.maximum(MAX_FENCE))),
  },
  'expected an object',
)

/** What is kept of a `device:register`. */
export interface Registration {
  readonly deviceId: string
  readonly name: string
  readonly deviceType: 'local' | 'app' | 'cloud' | 'remote'
  readonly executorVersion: string | null
  /** It said `runtime_features.runtimeConfigAgent`. */
  readonly isOurAgent: boolean
  /** Drawn by our agent for this registration, larger than any it drew before; `null`: it has none. */
  readonly fence: number | null
}

/** A registration, or why the payload is none; the reason is worded for the device's log and echoes nothing long. */
export type ParsedRegistration =
  | { readonly registration: Registration }
  | { readonly registration: null; readonly reason: string }

/**
 * Checks a `device:register` payload.
 *
 * Only the id, the name and the type can make it fail; everything optional is taken when it makes sense and left out when
 * it does not, because executors of every age connect.
 */
export function parseRegister(payload: unknown): ParsedRegistration {
  const parsed = registerPayload.safeParse(payload)
  if (!parsed.success) return { registration: null, reason: firstIssue(parsed.error) }
  const { data } = parsed
  return {
    registration: {
      deviceId: data.device_id,
      name: data.name,
      deviceType: data.device_type,
      executorVersion: data.executor_version,
      isOurAgent: isOurAgent(data.runtime_features),
      fence: data.fence,
    },
  }
}

const text = z.nullable(z.string())

/** What our agent has to know of a runtime; handed out at registration and whenever it changes. */
export const agentRuntime = z.object({
  name: z.string(),
  target_path: z.string(),
  home_variable: text,
  fields: z.object({
    account_id: text,
    refresh_token: text,
    last_refresh: text,
  }),
  process_name: text,
  max_bytes: z.number(),
  /** The config file; absent or null: nothing is said about its layers. */
  config: z.optional(z.nullable(z.object({ path: z.string(), format: z.string() }))),
})

/** The payload of `device:runtimes`. */
export const runtimesPayload = z.object({ runtimes: z.array(agentRuntime) })

/**
 * The answer to `device:register`: what our agent reads from it.
 *
 * Executors that are not ours get `success` and `device_id` only.
 */
export const registerAnswer = z.union([
  z.object({
    success: z.literal(true),
    device_id: z.string(),
    /** Hex; the key under which this device reports digests. */
    digest_key: z.optional(z.string()),
    runtimes: z.optional(z.array(agentRuntime)),
    /** How long to wait before connecting again once this connection breaks, so that a fleet does not come back at once. */
    retry_after_ms: z.optional(z.number()),
    /** The `fence` of the registration: every command to it will carry it. Absent: none will. */
    fence: z.optional(z.number()),
  }),
  z.object({ error: z.string() }),
])

function isLabel(text: string): boolean {
  if (text.length === 0 || text.length > 2 * MAX_CHARACTERS) return false
  return Array.from(text).length <= MAX_CHARACTERS && isPrintable(text)
}

const agentFeature = z.object({
  runtimeConfigAgent: z.object({ schemaVersion: z.int().check(z.minimum(1)) }),
})

function isOurAgent(features: unknown): boolean {
  return agentFeature.safeParse(features).success
}

function firstIssue(error: z.core.$ZodError): string {
  const [issue] = error.issues
  if (issue === undefined) return 'expected an object'
  return [...issue.path.map(String), issue.message].join(': ')
}
