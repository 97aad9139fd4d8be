import type {
  CommandKey,
  CommandResult,
  CommandStatus,
  DeviceCommand,
  ProxyProbe,
} from '#core/device-command.ts'
import { hideProxy } from '#core/proxy-mention.ts'
import { Secret } from '#core/secret.ts'
import type { DeviceAnswer } from '#protocol/command-answer.ts'

/** What each command can come to besides `failed`; anything else is no answer to it. */
const EXPECTED: Readonly<Record<CommandKey, readonly CommandStatus[]>> = {
  sync_runtime_auth_file: ['written', 'skipped_existing'],
  read_runtime_auth_file: ['read'],
  remove_runtime_auth_file: ['removed', 'absent', 'skipped_existing'],
  probe_proxy: ['probed'],
}

const MAX_PATH = 1024
/** Shorter strings are everyday words; hiding them would garble messages and protect nothing. */
const MIN_SECRET = 8

/** Turns what a device answered into a result. `answer` is `null` when it was not readable. */
export function toCommandResult(
  command: DeviceCommand,
  answer: DeviceAnswer | null,
  elapsedMs: number,
): CommandResult {
  if (answer === null) return { ...UNREADABLE, durationMs: Math.round(elapsedMs) }
  const { status, exitCode, durationMs, isTruncated } = answer
  const facts = { path: shortPath(answer.path), exitCode, durationMs, isTruncated }
  if (status === 'failed' || (status === 'older_document' && command.key === 'sync_runtime_auth_file'))
    return { ...UNREADABLE, ...facts, status, error: answer.error && hideSecrets(answer.error, command) }
  if (!EXPECTED[command.key].includes(status)) {
    return { ...UNREADABLE, ...facts, error: `the device answered '${status}' to '${command.key}'` }
  }
  const content = answer.content === null || status !== 'read' ? null : new Secret(answer.content)
  return { ...facts, status, content, error: null, probe: toProbe(answer.probe, command) }
}

const UNREADABLE: CommandResult = {
  status: 'failed',
  path: null,
  content: null,
  error: 'the device sent an answer that cannot be read',
  exitCode: null,
  durationMs: 0,
  isTruncated: false,
  probe: null,
}

function shortPath(path: string | null): string | null {
  return path !== null && path.length <= MAX_PATH ? path : null
}

// A device quotes what it could not use: parsers do, and so do HTTP clients with a proxy's address.
function hideSecrets(text: string, command: DeviceCommand): string {
  if (command.key === 'probe_proxy') return hideProxy(text, command.proxyUrl.open())
  return secretsOf(command).reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text)
}

function toProbe(probe: ProxyProbe | null, command: DeviceCommand): ProxyProbe | null {
  return probe && { ...probe, message: hideSecrets(probe.message, command) }
}

function secretsOf(command: DeviceCommand): readonly string[] {
  if (command.key !== 'sync_runtime_auth_file') return []
  const strings = command.content.open().match(/"(?:[^"\\]|\\.)*"/g) ?? []
  return strings.map((text) => text.slice(1, -1)).filter((text) => text.length >= MIN_SECRET)
}
