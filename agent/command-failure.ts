import { COMMAND_EXIT } from '#protocol/command-env.ts'

/** The texts of refused paths; executors' scripts say the same. */
export const PATH_TEXTS = {
  outside: 'target path must be inside the user home directory',
  leaves: 'target path must stay inside the user home directory',
  tooLong: 'target path is too long',
} as const

/** A command that did not work out, in the words the server and the person read. Never holds content. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exitCode: number
  /** By which the server knows what to do about it. */
  readonly status: 'failed' | Refusal

  constructor(exitCode: number, message: string, options?: FailureOptions) {
    super(message, options)
    this.exitCode = exitCode
    this.status = options?.status ?? 'failed'
  }
}

type Refusal = 'older_document' | 'stale_fence'

interface FailureOptions {
  readonly cause?: unknown
  readonly status?: Refusal
}

/** Makes the failure of a request that can never work. */
export function badRequest(message: string): CommandFailure {
  return new CommandFailure(COMMAND_EXIT.badRequest, message)
}

/** Makes the failure of a request that could be carried out, and must not be. */
export function refused(status: Refusal, message: string): CommandFailure {
  return new CommandFailure(COMMAND_EXIT.refused, message, { status })
}

/** Translates what the file system threw; a {@link CommandFailure} stays as it is, a bug is thrown on. */
export function toFileFailure(action: 'read' | 'write' | 'remove', error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error
  const code = systemCodeOf(error)
  if (code === null) throw error
  if (code === 'ENAMETOOLONG') return badRequest(PATH_TEXTS.tooLong)
  const text = `failed to ${action} runtime auth file: ${describeSystemError(error)}`
  return new CommandFailure(COMMAND_EXIT.ioFailed, text, { cause: error })
}

/** Gives the code of an error of the operating system (`ENOENT`), or `null` for any other. */
export function systemCodeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'errno' in error
    ? error.code
    : null
}

/** Says what the operating system said, without the path that Node puts into the message. */
export function describeSystemError(error: unknown): string {
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') {
    // Importing node:util as a module makes Node load megabytes behind its getters.
    return process.getBuiltinModule('node:util').getSystemErrorMessage(error.errno) ?? 'unknown error'
  }
  return error instanceof Error ? error.name : 'unknown error'
}
