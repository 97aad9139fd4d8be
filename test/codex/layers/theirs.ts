import type { AppServer } from './app-server.ts'
import { readEffective } from './effective.ts'
import { canonicalText, type ExactJson, exactAt, exactText } from './exact-json.ts'
import type { StackCase, StackFiles } from './generate.ts'
import { PATHS } from './paths.ts'
import type { WriteCase } from './random-writes.ts'
import { type LayersRead, locationIn, readLayers, userVersion } from './reads.ts'
import { readRequirements, withPlainOrigin } from './record.ts'
import { PROJECT, type Sandbox, USER_FILE } from './sandbox.ts'
import { type ReadSeen, refused, type WriteSeen } from './seen.ts'

/** A running CLI in its sandbox. */
export interface TheirSide {
  readonly sandbox: Sandbox
  readonly server: AppServer
}

/** Puts the files of a stack where the CLI finds them. */
export function lay({ sandbox }: TheirSide, { files }: StackCase): void {
  for (const [key, path] of Object.entries(PATHS)) sandbox.write(path, files[key as keyof StackFiles])
  if (files.project === undefined) sandbox.write(`${PROJECT}/.codex`, null)
}

/** What the CLI says of the files that lie there. */
export async function theirRead(side: TheirSide, { files }: StackCase): Promise<ReadSeen> {
  const hasProject = files.project !== undefined
  const read = await readLayers(side.server, hasProject ? PROJECT : undefined)
  const requirements = await theirRequirements(side)
  if (read.error !== undefined) {
    return {
      fault: theirFault(read.error),
      why: exactText(read.error, 'message'),
      layers: [],
      origins: new Map(),
      effective: new Map(),
      requirements,
    }
  }
  const effective = hasProject ? new Map() : await readEffective(side.sandbox, side.server, read)
  return {
    fault: null,
    layers: read.layers.map((layer) =>
      [
        canonicalText(layer.get('name')),
        exactText(layer, 'version'),
        exactText(layer, 'canonicalJson'),
        exactText(layer, 'disabledReason'),
      ].join(' '),
    ),
    origins: new Map([...read.origins].map(([key, origin]) => [key, canonicalText(origin)])),
    effective: new Map([...effective].map(([key, value]) => [key, canonicalText(value)])),
    requirements,
  }
}

async function theirRequirements({ server }: TheirSide): Promise<string> {
  const read = await readRequirements(server)
  const error = read.get('error')
  return error === undefined ? canonicalText(read.get('requirements')) : theirFault(error)
}

/** A write with the version of the moment in place of the word for it. */
export async function withVersion({ server }: TheirSide, write: WriteCase): Promise<WriteCase> {
  if (write.expectedVersion !== 'current') return write
  return { ...write, expectedVersion: userVersion(await readLayers(server)) ?? 'sha256:unknown' }
}

/** What the CLI makes of a write. */
export async function theirWrite(side: TheirSide, write: WriteCase): Promise<WriteSeen> {
  const { sandbox, server } = side
  const { result, error } = await server.call(
    write.isBatch ? 'config/batchWrite' : 'config/value/write',
    paramsOf(write),
  )
  const bytes = sandbox.read(USER_FILE)
  if (error !== undefined) {
    return { ...refused(theirFault(error), bytes), why: exactText(error, 'message') }
  }
  const after = await readLayers(server)
  const answer = withPlainOrigin(result ?? null)
  return {
    fault: null,
    status: exactText(answer, 'status'),
    version: exactText(answer, 'version'),
    filePath: exactText(answer, 'filePath'),
    metadata: canonicalText(exactAt(answer, 'overriddenMetadata')),
    bytes,
    nextVersion: nextVersion(after),
  }
}

function nextVersion(read: LayersRead): string {
  return read.error === undefined ? (userVersion(read) ?? '') : theirFault(read.error)
}

function paramsOf(write: WriteCase): string {
  const edits = write.edits.map(
    ({ keyPath, value, mergeStrategy }) =>
      `"keyPath":${JSON.stringify(keyPath)},"value":${value},"mergeStrategy":"${mergeStrategy}"`,
  )
  const parts = write.isBatch ? [`"edits":[${edits.map((edit) => `{${edit}}`).join(',')}]`] : edits
  const { expectedVersion: version } = write
  if (version !== undefined) parts.push(`"expectedVersion":${JSON.stringify(version)}`)
  if (write.filePath !== undefined) parts.push(`"filePath":${JSON.stringify(write.filePath)}`)
  return `{${parts.join(',')}}`
}

/**
 * A fault in words that both sides can be put in: the code of a refused write; for files the place in a text, or which kind
 * of fault it is where there is no place.
 */
function theirFault(error: ExactJson): string {
  const code = exactText(error, 'data', 'config_write_error_code')
  if (code !== '') return code
  const message = exactText(error, 'message')
  const location = locationIn(message)
  const kind = KINDS.find(([pattern]) => pattern.test(message))?.[1]
  if (kind !== undefined && (location === null || kind === 'type of a layer')) return kind
  if (location !== null) return `at ${[...location.values()].join(':')}`
  const unreadable = /Failed to read [^/]*(\/\S+):/u.exec(message)
  return unreadable === null ? 'requirements' : `unreadable ${unreadable[1] ?? ''}`
}

/** What their messages are about. The first that fits counts. */
const KINDS = [
  [/^Invalid request:/u, 'malformed request'],
  [/requirements layer|config requirements/u, 'requirements'],
  [/^invalid configuration:/u, 'type'],
  [
    /\.toml:\d+:\d+: (?:invalid type: (?!.*valid TOML value)|unknown variant |cannot mix `filters`)/u,
    'type of a layer',
  ],
  [/failed to resolve feature override precedence/u, 'in use'],
] as const
