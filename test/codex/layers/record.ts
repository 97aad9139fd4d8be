import { AppServer, type Ended } from './app-server.ts'
import { readEffective } from './effective.ts'
import {
  canonicalText,
  type ExactJson,
  ExactNumber,
  exactAt,
  exactList,
  exactObject,
  exactText,
  exactTexts,
} from './exact-json.ts'
import { type LayersRead, locationIn, readLayers, userVersion } from './reads.ts'
import {
  MANAGED_FILE,
  PROJECT,
  REQUIREMENTS_FILE,
  type Sandbox,
  type StartOptions,
  SYSTEM_FILE,
  USER_FILE,
} from './sandbox.ts'

type Json = ReadonlyMap<string, ExactJson>
type Entries = readonly (readonly [string, ExactJson | undefined])[]

/** A running CLI on the files of a case. */
interface Stage {
  readonly sandbox: Sandbox
  readonly server: AppServer
  readonly vector: ExactJson
}

/** What a file of recorded cases holds and how each case is run again. */
export const RECORDERS: Readonly<Record<string, (stage: Stage) => Promise<Json>>> = {
  disabled: recordProject,
  errors: recordFault,
  fingerprint: recordStack,
  'hostname-laziness': recordNamesAsked,
  'hostname-patterns': recordPatterns,
  merge: recordStack,
  random: recordStack,
  requirements: recordRequirements,
  session: recordStack,
  typed: recordStack,
  writes: recordWrites,
}

const SHOWN_REQUIREMENTS = new Set([
  'allowedApprovalPolicies',
  'allowedApprovalsReviewers',
  'allowedSandboxModes',
  'allowedWebSearchModes',
  'featureRequirements',
])
const LAZY_HOST = { kernel: 'lazy-host', etcHosts: '127.0.0.1 localhost\n' }
const UNUSABLE = 'Invalid configuration; using defaults.'

/** Runs a recorded case on a fresh sandbox and gives what would be recorded today, in the form of the recordings. */
export async function record(file: string, vector: ExactJson, sandbox: Sandbox): Promise<Json> {
  const recorder = RECORDERS[file]
  if (recorder === undefined) throw new Error(`${file}: nobody knows how to record that file`)
  prepare(sandbox, exactObject(vector, 'input'))
  const server = await sandbox.start(startOptions(file, exactObject(vector, 'input')))
  if (!(server instanceof AppServer)) return recordEnd(server)
  try {
    return await recorder({ sandbox, server, vector })
  } finally {
    await server.close()
  }
}

function prepare(sandbox: Sandbox, input: Json): void {
  sandbox.write('/sandbox', null)
  sandbox.write(`${PROJECT}/.keep`, '')
  const files = {
    user: USER_FILE,
    system: SYSTEM_FILE,
    managed: MANAGED_FILE,
    requirements: REQUIREMENTS_FILE,
  }
  sandbox.write('/sandbox/home/.keep', '')
  for (const [key, path] of Object.entries(files)) {
    sandbox.write(path, input.has(key) ? exactText(input, key) : null)
  }
  for (const [path, text] of exactObject(input, 'projectFiles')) {
    sandbox.write(`${PROJECT}/${path}`, exactText(text))
  }
}

function startOptions(file: string, input: Json): StartOptions {
  const host = exactAt(input, 'host')
  const flags = exactTexts(input, 'session').flatMap((flag) => ['-c', flag])
  const named =
    host === undefined
      ? {}
      : { host: { kernel: exactText(host, 'kernel'), etcHosts: exactText(host, 'etcHosts') } }
  return {
    args: flags,
    rootArgs: exactTexts(input, 'rootArgs'),
    ...named,
    ...(file === 'hostname-laziness' ? { host: LAZY_HOST, namesAsked: true } : {}),
  }
}

function recordEnd({ exit, stderr }: Ended): Json {
  const [, said = stderr] = /^Error: ([^]*?)(?:\n\nCaused by|$)/u.exec(stderr) ?? []
  const text = said.trim()
  return asJson([
    ['exit', new ExactNumber(String(exit))],
    ['stderr', text],
    ['location', asLocation(text)],
  ])
}

async function recordStack({ sandbox, server }: Stage): Promise<Json> {
  const read = await readLayers(server)
  if (read.error !== undefined) return asJson([['error', read.error]])
  const effective = asJson([...(await readEffective(sandbox, server, read))])
  return asJson([
    ['layers', read.layers],
    ['origins', read.origins],
    ['effectiveSubset', effective],
    ['effectiveCanonicalJson', canonicalText(effective)],
    ['typedConfigSubset', typedSubset(read)],
  ])
}

async function recordProject({ server, vector }: Stage): Promise<Json> {
  const read = await readLayers(server, exactText(vector, 'input', 'cwd'))
  if (read.error !== undefined) return asJson([['error', read.error]])
  return asJson([
    ['layers', read.layers],
    ['origins', read.origins],
    ['typedConfigSubset', typedSubset(read)],
  ])
}

/** What the typed view has under the keys that enabled layers set. */
function typedSubset(read: Exclude<LayersRead, { readonly error: ExactJson }>): Json | undefined {
  let subset: Json = new Map()
  for (const layer of read.layers.filter((one) => !one.has('disabledReason'))) {
    subset = shown(subset, read.config, exactObject(layer, 'config'))
  }
  return subset.size === 0 ? undefined : subset
}

function shown(subset: Json, config: ExactJson, set: Json): Json {
  const more = new Map(subset)
  for (const [key, value] of set) {
    const typed = exactAt(config, key)
    if (typed === undefined || typed === null) continue
    const below = typed instanceof Map && value instanceof Map
    more.set(key, below ? shown(exactObject(more.get(key)), typed as Json, value as Json) : typed)
  }
  return more
}

async function recordFault({ server }: Stage): Promise<Json> {
  const read = await readLayers(server)
  const warning = server.notifications
    .map((notification) => exactObject(notification, 'params'))
    .find((params) => params.get('summary') === UNUSABLE)
  if (read.error === undefined) return asJson([['ok', true]])
  return asJson([
    ['error', read.error],
    ['location', asLocation(exactText(read.error, 'message'))],
    ['warning', warning && new Map([['path', null], ['range', null], ...warning] as const)],
  ])
}

async function recordRequirements({ server }: Stage): Promise<Json> {
  return readRequirements(server)
}

/** What the CLI requires, as far as the recorded cases show it. */
export async function readRequirements(server: AppServer): Promise<Json> {
  const { result, error } = await server.call('configRequirements/read', '{}')
  if (error !== undefined) return asJson([['error', error]])
  const requirements = exactAt(result, 'requirements')
  if (!(requirements instanceof Map)) return asJson([['requirements', null]])
  const entries = [...exactObject(requirements)].filter(
    ([key, value]) => value !== null && SHOWN_REQUIREMENTS.has(key),
  )
  return asJson([['requirements', new Map(entries)]])
}

async function recordPatterns({ sandbox, server, vector }: Stage): Promise<Json> {
  const matches = new Map<string, ExactJson>()
  for (const pattern of exactObject(vector, 'expected', 'matches').keys()) {
    const entry = `hostname_patterns = [${JSON.stringify(pattern)}]\nallowed_sandbox_modes = ["read-only", "workspace-write"]\n`
    sandbox.write(
      REQUIREMENTS_FILE,
      `allowed_sandbox_modes = ["read-only"]\n[[remote_sandbox_config]]\n${entry}`,
    )
    const modes = exactList(await readRequirements(server), 'requirements', 'allowedSandboxModes')
    matches.set(pattern, modes.includes('workspace-write'))
  }
  return asJson([['matches', matches]])
}

async function recordNamesAsked({ sandbox, server, vector }: Stage): Promise<Json> {
  const reads = exactAt(vector, 'reads')
  let requirements: Json = new Map()
  for (let turn = 0; turn < Number(reads instanceof ExactNumber ? reads.source : 1); turn += 1) {
    await readLayers(server)
    requirements = await readRequirements(server)
  }
  const asked = sandbox.namesAsked().filter((name) => name === LAZY_HOST.kernel).length
  return asJson([...requirements, ['dnsQueriesForHostname', new ExactNumber(String(asked))]])
}

async function recordWrites({ sandbox, server, vector }: Stage): Promise<Json> {
  const done: Json[] = []
  const versions: string[] = []
  for (const step of exactList(vector, 'ops')) {
    if (exactAt(step, 'externalWrite') !== undefined) {
      sandbox.write(USER_FILE, exactText(step, 'externalWrite'))
      done.push(new Map())
    } else if (exactAt(step, 'readUserVersion') === true) {
      const read = await readLayers(server)
      versions.push(userVersion(read) ?? '')
      done.push(asJson(read.error === undefined ? [['version', userVersion(read)]] : [['error', read.error]]))
    } else done.push(await recordWrite({ sandbox, server, vector: step }, versions))
  }
  return asJson([['ops', done]])
}

async function recordWrite(
  { sandbox, server, vector: step }: Stage,
  versions: readonly string[],
): Promise<Json> {
  const wanted = exactText(step, 'expectedVersion')
  let params = exactText(step, 'paramsJson')
  if (wanted !== '') {
    const version = wanted === 'current' ? userVersion(await readLayers(server)) : versions[0]
    params = params.replace(/\}$/u, `,"expectedVersion":${JSON.stringify(version)}}`)
  }
  const { result, error } = await server.call(exactText(step, 'method'), params)
  return asJson([
    ['result', result === undefined ? undefined : withPlainOrigin(result)],
    ['error', error],
    ['fileAfter', sandbox.read(USER_FILE)],
  ])
}

/** A write's answer without what a release adds to every layer's name. */
export function withPlainOrigin(result: ExactJson): ExactJson {
  const metadata = exactAt(result, 'overriddenMetadata')
  if (!(metadata instanceof Map)) return result
  const name = [...exactObject(metadata, 'overridingLayer', 'name')].filter(([, value]) => value !== null)
  const layer = new Map([...exactObject(metadata, 'overridingLayer'), ['name', new Map(name)] as const])
  const plain = new Map([...exactObject(metadata), ['overridingLayer', layer] as const])
  return new Map([...exactObject(result), ['overriddenMetadata', plain] as const])
}

function asLocation(message: string): Json | undefined {
  const found = locationIn(message)
  if (found === null) return undefined
  return new Map([...found].map(([key, value]) => [key, key === 'file' ? value : new ExactNumber(value)]))
}

function asJson(entries: Entries): Json {
  return new Map(entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])))
}
