import { rulesFor } from '#layers/precedence.ts'

import type { AppServer } from './app-server.ts'
import { canonicalText, type ExactJson, ExactNumber, exactAt, exactObject, exactText } from './exact-json.ts'
import type { LayersRead } from './reads.ts'
import { MANAGED_FILE, type Sandbox, USER_FILE } from './sandbox.ts'

type ReadOk = Exclude<LayersRead, { readonly error: ExactJson }>
type Values = ReadonlyMap<string, ExactJson>

/** The effective value of every top-level key, as the CLI itself merges it; undefined where it cannot be asked. */
export type Effective = ReadonlyMap<string, ExactJson | undefined>

interface Probe {
  readonly sandbox: Sandbox
  readonly server: AppServer
  /** The tables of one key, highest first, for the layers that have it. */
  readonly key: string
  readonly user: ExactJson | undefined
}

/**
 * Reads the merged value of each top-level key, which no call shows, from what a write reports: writing what the user layer
 * says already changes nothing, and where a higher layer decides, the answer carries the effective value.
 *
 * A key that no layer above the user's has is put there as an empty table, which changes no table; a scalar of the user's or
 * system layer that nothing is above needs no asking. The files are as they were afterwards.
 */
export async function readEffective(sandbox: Sandbox, server: AppServer, read: ReadOk): Promise<Effective> {
  const user = sandbox.read(USER_FILE)
  const effective = new Map<string, ExactJson | undefined>()
  for (const [key, suppliers] of suppliersByKey(read)) {
    const probe = { sandbox, server, key, user: suppliers.get('user') }
    effective.set(key, await effectiveOf(probe, suppliers))
  }
  if (sandbox.read(USER_FILE) !== user) sandbox.write(USER_FILE, user)
  return effective
}

/** For each top-level key the layers that have it, by type, highest first. */
function suppliersByKey(read: ReadOk): ReadonlyMap<string, Values> {
  const found = new Map<string, Map<string, ExactJson>>()
  for (const layer of read.layers.filter((one) => !one.has('disabledReason'))) {
    for (const [key, value] of exactObject(layer, 'config')) {
      const suppliers = found.get(key) ?? new Map<string, ExactJson>()
      found.set(key, suppliers.set(exactText(layer, 'name', 'type'), value))
    }
  }
  return found
}

async function effectiveOf(probe: Probe, suppliers: Values): Promise<ExactJson | undefined> {
  const [highest] = suppliers.values()
  const [type] = suppliers.keys()
  const isBelow = type === 'user' || type === 'system'
  if (isBelow && !isTable(highest)) return highest
  // A key without a name cannot be asked for; where one layer alone has it, it is plain what applies.
  const orOnlyOne = (asked: ExactJson | undefined): ExactJson | undefined =>
    asked === undefined && suppliers.size === 1 && probe.key === '' ? highest : asked
  if (!isBelow) return orOnlyOne(await ask(probe))
  const { sandbox, key } = probe
  const managed = sandbox.read(MANAGED_FILE)
  sandbox.write(MANAGED_FILE, `${managed ?? ''}\n[${quotedForToml(key)}]\n`)
  const value = await ask(probe)
  sandbox.write(MANAGED_FILE, managed)
  return orOnlyOne(value)
}

async function ask({ sandbox, server, key, user }: Probe): Promise<ExactJson | undefined> {
  const before = sandbox.read(USER_FILE)
  const edit = sameAgain(user)
  const keyPath = JSON.stringify(sandbox.binary.quotesKeys ? quotedSegment(key) : key)
  const params = `{"keyPath":${keyPath},"value":${edit.value},"mergeStrategy":"${edit.strategy}"}`
  const { result } = await server.call('config/value/write', params)
  if (sandbox.read(USER_FILE) !== before) sandbox.write(USER_FILE, before)
  if (result === undefined) return undefined
  const metadata = exactAt(result, 'overriddenMetadata')
  if (metadata instanceof Map) return exactAt(metadata, 'effectiveValue')
  // The same but for an old spelling counts as the same: which spelling applies is not told.
  return aliasedTables(sandbox.binary.version).has(key) ? undefined : user
}

function aliasedTables(version: string): ReadonlySet<string> {
  return new Set(rulesFor('codex', version).aliases.map(({ table }) => table[0] ?? ''))
}

/** An edit that leaves the user layer as it is; a number that JSON cannot spell becomes text, which merges just the same. */
function sameAgain(user: ExactJson | undefined): { readonly value: string; readonly strategy: string } {
  if (user === undefined) return { value: 'null', strategy: 'replace' }
  if (isTable(user)) return { value: '{}', strategy: 'upsert' }
  return { value: isPlain(user) ? canonicalText(user) : '"any other value"', strategy: 'replace' }
}

function isTable(value: ExactJson | undefined): boolean {
  return value instanceof Map && !value.has('$__toml_private_datetime')
}

function isPlain(value: ExactJson): boolean {
  if (value === null) return false
  if (value instanceof ExactNumber) return /^-?\d{1,15}(?:\.\d{1,6})?$/u.test(value.source)
  if (value instanceof Map) return [...value.values()].every((item) => isPlain(item as ExactJson))
  return !Array.isArray(value) || value.every((item) => isPlain(item as ExactJson))
}

/** A key as TOML takes it. */
function quotedForToml(key: string): string {
  return JSON.stringify(key).replaceAll('\u007f', '\\u007f')
}

/** A key as one segment of a key path: in quotes, where a backslash stands before what would end them. */
export function quotedSegment(key: string): string {
  return `"${key.replaceAll(/["\\]/gu, String.raw`\$&`)}"`
}
