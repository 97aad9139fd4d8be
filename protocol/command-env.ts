/** The closed list of what a device can be asked. */
export const COMMAND_KEYS = [
  'sync_runtime_auth_file',
  'read_runtime_auth_file',
  'remove_runtime_auth_file',
  'probe_proxy',
] as const

/** One of {@link COMMAND_KEYS}. */
export type CommandKey = (typeof COMMAND_KEYS)[number]

/** Names of the environment variables of device commands. Everything secret travels in these and nowhere else. */
export const COMMAND_ENV = {
  runtime: 'WEGENT_RUNTIME_CONFIG_RUNTIME',
  targetPath: 'WEGENT_RUNTIME_CONFIG_TARGET_PATH',
  homeVariable: 'WEGENT_RUNTIME_CONFIG_HOME_VARIABLE',
  content: 'WEGENT_RUNTIME_CONFIG_CONTENT',
  contentParts: 'WEGENT_RUNTIME_CONFIG_CONTENT_PARTS',
  replaceDigest: 'WEGENT_RUNTIME_CONFIG_REPLACE_DIGEST',
  expectedDigest: 'WEGENT_RUNTIME_CONFIG_EXPECTED_DIGEST',
  proxyUrl: 'WEGENT_RUNTIME_CONFIG_PROXY_URL',
  /** `host:port` to try through the proxy; absent: the agent tries its own server. */
  probeTarget: 'WEGENT_RUNTIME_CONFIG_PROBE_TARGET',
  /** The `fence` of the registration that the server sends this to; absent: that registration had none. */
  fence: 'WEGENT_RUNTIME_CONFIG_FENCE',
  /** Grows with each document that is stored for a runtime; a device takes none with a smaller one than it got already. */
  documentNumber: 'WEGENT_RUNTIME_CONFIG_DOCUMENT_NUMBER',
} as const

/** What a device command exits with. */
export const COMMAND_EXIT = { ok: 0, badRequest: 64, noFile: 66, refused: 69, ioFailed: 74 } as const

/** Writes a fence or a document number as an environment variable holds it. */
export function toNumberText(value: number): string {
  return value.toFixed(0)
}

/** Reads what {@link toNumberText} wrote; `null`: it is none. Milliseconds of the next thirty thousand years fit in. */
export function parseNumberText(text: string): number | null {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : null
}

/** Linux takes no environment string (name, `=`, value and the zero after it) above 128 KiB. */
const ENV_STRING_BYTES = 131_072

/** The first content size in bytes that does not fit into one environment string with its name. */
export const SPLIT_CONTENT_BYTES = ENV_STRING_BYTES - `${COMMAND_ENV.content}=`.length

/** Room for the longest part name. */
const PART_BYTES = ENV_STRING_BYTES - 64

/** More parts than 16 MiB would need; keeps a hostile count from costing anything. */
const MAX_PARTS = 128

/**
 * Puts content into environment variables: one, or as many numbered ones as it takes with their count.
 *
 * Cuts between characters, so each part is valid UTF-8 by itself. {@link joinContent} of the result is the content again.
 */
export function splitContent(content: string): Record<string, string> {
  const bytes = Buffer.from(content, 'utf8')
  if (bytes.length < SPLIT_CONTENT_BYTES) return { [COMMAND_ENV.content]: content }
  const parts: string[] = []
  for (let start = 0; start < bytes.length;) {
    const end = characterBoundary(bytes, Math.min(start + PART_BYTES, bytes.length))
    parts.push(bytes.toString('utf8', start, end))
    start = end
  }
  const env = Object.fromEntries(parts.map((part, index) => [`${COMMAND_ENV.content}_${index}`, part]))
  return { ...env, [COMMAND_ENV.contentParts]: String(parts.length) }
}

/** Steps back from the middle of a character: bytes 10xxxxxx continue one. */
function characterBoundary(bytes: Buffer, from: number): number {
  let end = from
  while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return end
}

/** Content taken out of an environment, or why it cannot be. */
export type JoinedContent =
  | { readonly ok: true; readonly content: string }
  | { readonly ok: false; readonly error: string }

/** Takes content out of environment variables. Blank content is as good as none. */
export function joinContent(env: Readonly<Record<string, string | undefined>>): JoinedContent {
  const count = env[COMMAND_ENV.contentParts]
  if (count !== undefined) return joinParts(env, count)
  const content = env[COMMAND_ENV.content]
  return content === undefined || content.trim() === ''
    ? { ok: false, error: 'runtime config content is required' }
    : { ok: true, content }
}

function joinParts(env: Readonly<Record<string, string | undefined>>, count: string): JoinedContent {
  if (!/^[1-9][0-9]{0,2}$/.test(count) || Number(count) > MAX_PARTS) {
    return { ok: false, error: `runtime config content parts must be a number from 1 to ${MAX_PARTS}` }
  }
  const parts = Array.from({ length: Number(count) }, (_, index) => env[`${COMMAND_ENV.content}_${index}`])
  const missing = parts.indexOf(undefined)
  if (missing !== -1)
    return { ok: false, error: `runtime config content part ${missing} of ${count} is missing` }
  const content = parts.join('')
  return content.trim() === ''
    ? { ok: false, error: 'runtime config content is required' }
    : { ok: true, content }
}
