import { COMMAND_ENV, joinContent, parseNumberText } from '#protocol/command-env.ts'

import type { AuthFacts } from './auth-facts.ts'
import { checkDocument } from './check-document.ts'
import { badRequest, refused } from './command-failure.ts'
import type { Home } from './home.ts'
import { readAuthFile } from './read-auth-file.ts'
import { removeAuthFile } from './remove-auth-file.ts'
import { replaceAuthFile } from './replace-auth-file.ts'
import type { Location, Target } from './target-path.ts'
import { writeAuthFile } from './write-auth-file.ts'
import type { WriteIntent, WrittenFiles } from './written-files.ts'

/** The environment variables of a command; nothing of the agent's own environment. */
export type CommandEnv = Readonly<Record<string, string>>

/** One auth file a command is about. */
export interface FileRequest {
  readonly runtime: string
  readonly target: Target
  readonly location: Location
  readonly env: CommandEnv
}

/** What the commands work on. */
export interface FileDeps {
  readonly home: Home
  readonly written: WrittenFiles
  /** `null`: the server gave this device no key; then nothing can be replaced or removed. */
  readonly facts: AuthFacts | null
}

const DIGEST = /^[0-9a-f]{64}$/

/**
 * Writes the file if it is missing, or replaces what this agent wrote if the server says which digest may go. A document that
 * is older than one that was written here before is refused, also when that one is gone.
 */
export function syncAuthFile(request: FileRequest, deps: FileDeps) {
  const text = contentOf(request.env)
  const { facts } = deps
  const { location } = request
  const replaceDigest = digestIn(request.env, COMMAND_ENV.replaceDigest)
  const number = numberIn(request.env)
  requireNoNewer(request.runtime, number, deps)
  if (facts === null) {
    deps.written.keepNumber(request, number)
    return { status: writeAuthFile(deps.home, location, text) }
  }
  const intent = { ...request, text, facts, number }
  const replaced = replace(intent, replaceDigest, deps)
  if (replaced !== 'absent') return { status: replaced }
  const write = () => writeAuthFile(deps.home, location, text)
  return { status: deps.written.record(intent, write, (status) => status === 'written') }
}

// `absent` also when nothing may be replaced: the ordinary write that follows never touches a file that is there.
function replace(intent: WriteIntent & FileRequest, digest: string | null, { home, written }: FileDeps) {
  const { runtime, facts, location, text } = intent
  if (digest === null || written.digest(runtime, facts) !== digest) return 'absent'
  const mayGo = (current: string) => facts.digestOf(current) === digest
  const write = () => replaceAuthFile(home, { location, text, mayGo })
  return written.record(intent, write, (status) => status === 'written')
}

/** Reads the file, byte for byte. */
export function readAuthDocument({ location }: FileRequest, { home }: FileDeps) {
  const { bytes } = readAuthFile(home, location)
  return { status: 'read' as const, content: checkDocument(bytes, 'runtime auth file') }
}

/** Removes the file if it is what this agent wrote last and has the digest the server expects. */
export function removeWrittenFile(
  { runtime, location, env }: FileRequest,
  { home, written, facts }: FileDeps,
) {
  const digest = digestIn(env, COMMAND_ENV.expectedDigest)
  if (digest === null) throw badRequest('expected digest is required')
  const mayGo = (current: string) =>
    facts !== null && written.digest(runtime, facts) === digest && facts.digestOf(current) === digest
  const status = removeAuthFile(home, location, mayGo)
  if (status !== 'skipped_existing') written.forget(runtime)
  return { status }
}

function contentOf(env: CommandEnv): string {
  const joined = joinContent(env)
  if (!joined.ok) throw badRequest(joined.error)
  const text = checkDocument(Buffer.from(joined.content), 'runtime config content')
  return text.endsWith('\n') ? text : `${text}\n`
}

function requireNoNewer(runtime: string, number: number | null, { written }: FileDeps): void {
  const kept = written.number(runtime)
  if (number === null || kept === null || number >= kept) return
  const message = `the document of ${iso(number)} is older than what this device got already, that of ${iso(kept)}`
  throw refused('older_document', message)
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

function numberIn(env: CommandEnv): number | null {
  const text = env[COMMAND_ENV.documentNumber]
  if (text === undefined) return null
  const number = parseNumberText(text)
  if (number === null) throw badRequest('document number must be 1 to 15 digits')
  return number
}

function digestIn(env: CommandEnv, name: string): string | null {
  const digest = env[name]
  if (digest === undefined) return null
  if (!DIGEST.test(digest)) throw badRequest('digest must be 64 lower-case hexadecimal digits')
  return digest
}
