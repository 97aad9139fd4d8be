import { LayersError } from '#layers/errors.ts'
import { canonicalJson, fingerprint } from '#layers/fingerprint.ts'
import { readJson } from '#layers/json/read.ts'
import { type ConfigLayer, createLayer } from '#layers/layer.ts'
import { type LoadOptions, loadConfigLayersState } from '#layers/load.ts'
import { rulesFor } from '#layers/precedence.ts'
import { toWireRequirements } from '#layers/requirements/requirements.ts'
import { codexProfile } from '#layers/runtimes/codex.ts'
import { type LayersFs, nodeFs } from '#layers/sources/files.ts'
import { readSystemSources } from '#layers/sources/system-sources.ts'
import { ConfigLayerStack } from '#layers/stack/stack.ts'
import { readToml } from '#layers/toml/read.ts'
import { EMPTY_TABLE } from '#layers/value.ts'
import { applyEdits, type ConfigEdit, planWrite } from '#layers/write/write.ts'

import { canonicalText, readExactJson } from './exact-json.ts'
import type { StackCase, StackFiles } from './generate.ts'
import { PATHS } from './paths.ts'
import type { WriteCase } from './random-writes.ts'
import { CODEX_HOME, PROJECT, type Sandbox, USER_FILE } from './sandbox.ts'
import { type ReadSeen, refused, type WriteSeen } from './seen.ts'

/** The host name that the sandbox has too. */
const HOST_NAME = { resolve: () => Promise.resolve('device-1') }
const OVERRIDES = { managedPreferences: {}, hostName: HOST_NAME, home: '/sandbox' }

/** What we say of the files of a stack, under the rules of a release. */
export async function ourRead(stackCase: StackCase, version: string): Promise<ReadSeen> {
  const cwd = stackCase.files.project === undefined ? undefined : PROJECT
  const requirements = await ourRequirements(stackCase, version)
  try {
    const stack = await load(stackCase, version, cwd === undefined ? {} : { cwd })
    return {
      fault: null,
      layers: stack.allLayers().map(tellLayer),
      origins: new Map(
        [...stack.origins()].map(([key, origin]) => [
          key,
          canonicalText(readExactJson(JSON.stringify(origin))),
        ]),
      ),
      effective: new Map(
        cwd === undefined
          ? [...stack.effectiveConfig()].map(([key, value]) => [key, canonicalJson(value)] as const)
          : [],
      ),
      requirements,
    }
  } catch (error) {
    return {
      fault: ourFault(error),
      why: error instanceof Error ? error.message : '',
      layers: [],
      origins: new Map(),
      effective: new Map(),
      requirements,
    }
  }
}

/** What is required is read without looking at what the settings are. */
async function ourRequirements({ files }: StackCase, version: string): Promise<string> {
  try {
    const { requirements } = await readSystemSources({
      fs: fsOf(textsOf(files)),
      rules: rulesFor('codex', version),
      userFile: USER_FILE,
      overrides: OVERRIDES,
      requirements: [],
    })
    return canonicalText(readExactJson(JSON.stringify(toWireRequirements(requirements))))
  } catch (error) {
    return ourFault(error)
  }
}

/** What we make of a write on a stack whose user file is the one in `stackCase`. */
export async function ourWrite(stackCase: StackCase, write: WriteCase, version: string): Promise<WriteSeen> {
  const before = stackCase.files.user ?? null
  try {
    checkFile(write, version)
    const stack = await load(stackCase, version, { forEditing: true })
    const edits = write.edits.map((edit) => ({ ...edit, value: readJson(edit.value) }))
    const plan = planWrite({
      stack,
      text: before ?? '',
      edits,
      filePath: write.filePath ?? null,
      expectedVersion: write.expectedVersion ?? null,
      home: '/sandbox',
    })
    const { overriddenMetadata, ...result } = plan.result
    const bytes = plan.changed ? plan.text : before
    const metadata = tellMetadata(overriddenMetadata)
    const meant = meantVersion(stack, edits)
    return { fault: null, ...result, metadata, bytes, nextVersion: plan.nextVersion, meant }
  } catch (error) {
    return { ...refused(ourFault(error), before), why: error instanceof Error ? error.message : '' }
  }
}

/** Which file is meant is checked before any file is read. */
function checkFile({ filePath }: WriteCase, version: string): void {
  const user = createLayer({ type: 'user', file: USER_FILE }, EMPTY_TABLE)
  const stack = ConfigLayerStack.of({ layers: [user], profile: codexProfile(version) })
  planWrite({ stack, text: '', edits: [], filePath: filePath ?? null })
}

/** The version that the user layer must have when it is read again, worked out from values alone. */
function meantVersion(stack: ConfigLayerStack, edits: readonly ConfigEdit[]): string {
  const { profile } = stack
  const table = applyEdits(stack.userLayer()?.config ?? EMPTY_TABLE, edits, profile.rules)
  return fingerprint(profile.normalise(table, CODEX_HOME, OVERRIDES.home))
}

/** Whether we refuse flags that a process is started with, and how. */
export async function ourStart(flags: readonly string[], version: string): Promise<string | null> {
  try {
    await load({ seed: 0, flags, files: {}, writes: [] }, version)
    return null
  } catch (error) {
    return ourFault(error)
  }
}

/** The fault that we find in the files of a sandbox, read from the disk; null when there is none. */
export async function ourReadOf(sandbox: Sandbox): Promise<string | null> {
  const [machine, outside] = [nodeFs(), (path: string): string => sandbox.outside(path)]
  const fs: LayersFs = {
    readFile: (path) => machine.readFile(outside(path)),
    kind: (path) => machine.kind(outside(path)),
    realPath: (path) => Promise.resolve(path),
  }
  try {
    await loadConfigLayersState({
      fs,
      codexHome: CODEX_HOME,
      overrides: OVERRIDES,
      profile: codexProfile(sandbox.binary.version),
    })
    return null
  } catch (error) {
    return ourFault(error).replace(sandbox.root, '')
  }
}

/** The version of what a text says, before any normalisation; null when it cannot be read. */
export function versionOfText(text: string | null): string | null {
  try {
    return fingerprint(readToml(text ?? ''))
  } catch {
    return null
  }
}

function tellMetadata(metadata: ReturnType<typeof planWrite>['result']['overriddenMetadata']): string {
  if (metadata === null) return 'null'
  const { message, overridingLayer, effectiveValue } = metadata
  const value = effectiveValue === null ? 'null' : canonicalJson(effectiveValue)
  const rest = JSON.stringify({ message, overridingLayer })
  return canonicalText(readExactJson(`${rest.slice(0, -1)},"effectiveValue":${value}}`))
}

async function load(
  { files, flags }: StackCase,
  version: string,
  more: Pick<LoadOptions, 'cwd' | 'forEditing'> = {},
): Promise<ConfigLayerStack> {
  return loadConfigLayersState({
    fs: fsOf(textsOf(files)),
    codexHome: CODEX_HOME,
    ...more,
    cliOverrides: flags,
    overrides: OVERRIDES,
    profile: codexProfile(version),
  })
}

function textsOf(files: StackFiles): ReadonlyMap<string, Uint8Array> {
  const texts = Object.entries(files).map(
    ([key, text]) => [PATHS[key as keyof StackFiles], Buffer.from(text)] as const,
  )
  return new Map(texts)
}

/** The files of a stack and the folders they are in, without a disk. */
function fsOf(texts: ReadonlyMap<string, Uint8Array>): LayersFs {
  const kind = (path: string): 'file' | 'folder' | null => {
    if (texts.has(path)) return 'file'
    return [...texts.keys()].some((one) => one.startsWith(`${path}/`)) ? 'folder' : null
  }
  return {
    readFile: (path) => Promise.resolve(texts.get(path) ?? null),
    kind: (path) => Promise.resolve(kind(path)),
    realPath: (path) => Promise.resolve(path),
  }
}

function tellLayer({ name, version, config, disabledReason = '' }: ConfigLayer): string {
  const told = canonicalText(readExactJson(JSON.stringify(name)))
  return [told, version, canonicalJson(config), disabledReason].join(' ')
}

const WRITE_CODES: ReadonlySet<string> = new Set([
  'configVersionConflict',
  'configLayerReadonly',
  'configValidationError',
  'configPathNotFound',
])

function ourFault(error: unknown): string {
  if (!(error instanceof LayersError)) throw error
  const { code, place } = error
  if (WRITE_CODES.has(code)) return code
  if (code === 'configUnreadable') return `unreadable ${place.path ?? ''}`
  if (code === 'configTypeError') return 'type'
  if (code === 'requirementsInvalid') return 'requirements'
  const { path, range } = place
  if (range !== undefined) return `at ${[path ?? '', range.line, range.column].join(':')}`
  return `${code}: ${error.message}`
}
