import { type AppError, isAppError } from '#core/errors.ts'

import { createProgram } from './program.ts'
import { guardStreams } from './streams.ts'

/** Exit codes of every command, after sysexits(3) where one fits; `runtimeconfig --help` lists them. */
const EXIT_CODES = { usage: 64, unavailable: 69, internal: 70, denied: 77, configuration: 78 } as const

// Socket.IO prints whole packets, logins included, when this is set. It reads it when it is loaded, which is later.
delete process.env['DEBUG']

guardStreams(process, (line) => {
  process.stderr.write(`error: ${line}\n`)
  process.exitCode = 1
})
// What a timer or a socket throws reaches nobody else; Node itself would print a stack trace.
process.on('uncaughtException', (error) => process.exit(report(error)))

try {
  await createProgram().parseAsync(process.argv)
} catch (error) {
  process.exitCode = report(error)
}

function report(error: unknown): number {
  if (isCommanderError(error)) return error.exitCode === 0 ? 0 : EXIT_CODES.usage
  const line = isAppError(error) ? error.message : `this is a bug in runtimeconfig: ${describeBug(error)}`
  process.stderr.write(`error: ${line}\n`)
  return isAppError(error) ? exitCodeOf(error) : EXIT_CODES.internal
}

function exitCodeOf(error: AppError): number {
  if (error.code === 'SETTING_INVALID' || error.code === 'KEYRING_UNUSABLE') return EXIT_CODES.configuration
  if (error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN') return EXIT_CODES.denied
  if (error.code === 'STORE_UNAVAILABLE' || error.code === 'STORE_LOCKED') return EXIT_CODES.unavailable
  return 1
}

// A person gets one line, never a stack trace; whoever reports the bug can ask for the rest.
function describeBug(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return process.env['NODE_DEBUG']?.includes('runtimeconfig')
    ? (error.stack ?? error.message)
    : `${error.name}: ${error.message}`
}

function isCommanderError(error: unknown): error is { readonly exitCode: number } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('commander.')
  )
}
