import { setTimeout as pause } from 'node:timers/promises'

import { GROUP, VERSION } from '#crds/group.ts'
import { type KindName, KINDS } from '#crds/kinds.ts'
import { seededRandom } from '#test/support/random.ts'
import { aStoredConfig, aStoredDevice, aStoredRuntime } from '#test/support/store-objects.ts'

import type { Direct, DirectAnswer } from './direct.ts'
import type { Ledger } from './ledger.ts'

/** The kinds that are written and watched. */
export const TORTURED = ['Device', 'Runtime', 'UserRuntimeConfig'] as const satisfies readonly KindName[]
type Tortured = (typeof TORTURED)[number]

/** What one writer does: it alone writes its objects, so that it knows what they are. */
export interface Writing {
  readonly direct: Direct
  readonly ledger: Ledger
  readonly seed: number
  readonly namespace: string
  /** Before each change; slows the writer down, or ends it with `false`. */
  readonly mayGoOn: () => Promise<boolean>
}

interface Slot {
  readonly kind: Tortured
  readonly name: string
  uid: string | null
  version: number
}

const SLOTS = 12
const DELETED_SHARE = 0.15

/** Creates, changes and deletes objects of all tortured kinds until it is told to end; a server that is away is waited for. */
export async function write({ direct, ledger, seed, namespace, mayGoOn }: Writing): Promise<void> {
  const random = seededRandom(seed)
  const slots = Array.from({ length: SLOTS }, (_unused, at): Slot => {
    const kind = TORTURED[at % TORTURED.length] ?? 'Device'
    return { kind, name: `w${seed}-${at}`, uid: null, version: 0 }
  })
  const isDeleted = () => random() < DELETED_SHARE
  let last = 0
  for (let turn = 0; await mayGoOn(); turn += 1) {
    const slot = slots[Math.floor(random() * SLOTS)]
    if (slot === undefined) continue
    const before = last
    const { uid: old } = slot
    const type = await step({ direct, slot, namespace, ledger }, { isDeleted, text: `turn ${turn}` })
    const { kind, name, uid, version } = slot
    last = Math.max(last, version)
    const place = `${kind === 'Runtime' ? '' : namespace}/${name}`
    ledger.note({ kind, place, uid: uid ?? old ?? '', type, version, before })
  }
}

async function step(
  place: Place,
  { isDeleted, text }: { readonly isDeleted: () => boolean; readonly text: string },
): Promise<'put' | 'delete'> {
  if (place.slot.uid === null) {
    await create(place)
    return 'put'
  }
  if (isDeleted()) {
    await remove(place)
    place.slot.uid = null
    return 'delete'
  }
  await change(place, text)
  return 'put'
}

interface Place {
  readonly direct: Direct
  readonly slot: Slot
  readonly namespace: string
  readonly ledger: Ledger
}

async function create(place: Place): Promise<void> {
  const { direct, slot, namespace } = place
  await untilDone(place, {
    attempt: () => direct.call('POST', pathOf(place), bodyOf(slot, namespace)),
    isDone: ({ status }) => status === 201,
    wasDone: ({ status }) => status === 200,
  })
}

async function change(place: Place, text: string): Promise<void> {
  const { direct, slot } = place
  const spec = slot.kind === 'UserRuntimeConfig' ? { updatedAt: newTime() } : { displayName: text }
  const expected = JSON.stringify(spec)
  await untilDone(place, {
    attempt: () => direct.call('PATCH', `${pathOf(place)}/${slot.name}`, { spec }),
    isDone: ({ status }) => status === 200,
    wasDone: ({ body }) => expected === JSON.stringify(pickFrom(body['spec'], Object.keys(spec))),
  })
}

async function remove(place: Place): Promise<void> {
  const { direct, slot } = place
  await untilDone(place, {
    attempt: () => direct.call('DELETE', `${pathOf(place)}/${slot.name}`),
    isDone: ({ status }) => status === 200,
    wasDone: ({ status }) => status === 404,
  })
}

interface Step {
  readonly attempt: () => Promise<DirectAnswer>
  readonly isDone: (answer: DirectAnswer) => boolean
  /** Looks at the object after a request whose outcome nobody knows. */
  readonly wasDone: (looked: DirectAnswer) => boolean
}

const AGAIN_MS = 250

async function untilDone(place: Place, step: Step): Promise<void> {
  for (;;) {
    const answer = await step.attempt()
    if (step.isDone(answer)) return learn(place.slot, answer)
    if (answer.status === 400 || answer.status === 422) throw new Error(String(answer.body['message']))
    const looked = await look(place)
    if (step.wasDone(looked)) {
      place.ledger.doubtful += 1
      return learn(place.slot, looked)
    }
  }
}

/** What is there now, as soon as the server answers. */
async function look(place: Place): Promise<DirectAnswer> {
  for (;;) {
    const looked = await place.direct.call('GET', `${pathOf(place)}/${place.slot.name}`)
    if (looked.status === 200 || looked.status === 404) return looked
    await pause(AGAIN_MS)
  }
}

function learn(slot: Slot, { body }: DirectAnswer): void {
  const metadata = body['metadata'] as
    | { readonly uid?: string; readonly resourceVersion?: string }
    | undefined
  slot.uid = metadata?.uid ?? slot.uid
  slot.version = Math.max(slot.version, Number(metadata?.resourceVersion ?? 0) || 0)
}

function pathOf({ slot: { kind }, namespace }: Place): string {
  const { plural, isNamespaced } = KINDS[kind]
  return `/apis/${GROUP}/${VERSION}/${isNamespaced ? `namespaces/${namespace}/` : ''}${plural}`
}

function bodyOf({ kind, name }: Slot, namespace: string): object {
  if (kind === 'Device') return aStoredDevice({ name, namespace })
  if (kind === 'Runtime') return aStoredRuntime({ name })
  return aStoredConfig({ name, namespace }, { updatedAt: newTime() })
}

let ticks = Date.parse('2026-11-21T10:00:00.000Z')

/** A time that no other change has. */
function newTime(): string {
  ticks += 1
  return new Date(ticks).toISOString()
}

function pickFrom(spec: unknown, names: readonly string[]): object {
  const from = (spec ?? {}) as Readonly<Record<string, unknown>>
  return Object.fromEntries(names.map((name) => [name, from[name]]))
}

/** Makes the namespaces that the writers use. */
export async function makeNamespaces(direct: Direct, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
    const { status } = await direct.call('POST', '/api/v1/namespaces', body)
    if (status !== 201) throw new Error(`expected the namespace ${name} to be made, got ${status}`)
  }
}

/** Reads all objects of a kind as the server has them: `place` to version. */
export async function readAll(direct: Direct, kind: KindName): Promise<ReadonlyMap<string, string>> {
  const { status, body } = await direct.call('GET', `/apis/${GROUP}/${VERSION}/${KINDS[kind].plural}`)
  if (status !== 200) throw new Error(`expected a list of ${kind}, got ${status}`)
  const items = body['items'] as readonly { readonly metadata: Metadata }[]
  return new Map(items.map(({ metadata }) => [placeOf(metadata), metadata.resourceVersion ?? '']))
}

interface Metadata {
  readonly name: string
  readonly namespace?: string
  readonly resourceVersion?: string
}

/** How the ledger names an object. */
export function placeOf({ namespace = '', name }: Metadata): string {
  return `${namespace}/${name}`
}
