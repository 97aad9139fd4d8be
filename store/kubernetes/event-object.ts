import { createHash } from 'node:crypto'

import type { ObjectEvent } from '#store/events.ts'

import { toMicroTime } from './answer-fields.ts'

/** API group and version of the events that are written. */
export const EVENTS_API = 'events.k8s.io/v1'

const CONTROLLER = 'agent.wecode.io/runtime-config-operator'
// Bounds of the API server; the note's is in bytes.
const MAX_NOTE_BYTES = 1024
const MAX_WORD = 128
const LONGEST_NAMED = 200
/** Where events of objects without a namespace are. */
const CLUSTER_NAMESPACE = 'default'

/** One thing that happened to one object, again and again: one object in the API server. */
export interface EventSeries {
  /** The same for what counts as the same. */
  readonly key: string
  /** Of the event's object. */
  readonly name: string
  readonly namespace: string
  readonly fixed: object
  /** Epoch ms. */
  readonly firstAt: number
}

/** How often, and when last. */
export interface SeriesCount {
  readonly count: number
  /** Epoch ms. */
  readonly lastAt: number
}

/** Begins a series. `reporter` names this process; `firstAt` is epoch ms. */
export function toSeries(event: ObjectEvent, { reporter, firstAt }: EventOrigin): EventSeries {
  const { name, namespace, uid, resourceVersion } = event.object.metadata
  const { apiVersion, kind } = event.object
  const fixed = {
    eventTime: toMicroTime(firstAt),
    reportingController: CONTROLLER,
    reportingInstance: reporter.slice(0, MAX_WORD),
    action: event.action.slice(0, MAX_WORD),
    reason: event.reason.slice(0, MAX_WORD),
    type: event.type,
    regarding: { apiVersion, kind, name, namespace, uid, resourceVersion },
    note: cutNote(event.message),
  }
  const key = keyOf(event)
  const hash = createHash('sha256').update(`${key}\0${reporter}\0${firstAt}`).digest('hex').slice(0, 16)
  return {
    key,
    name: name.length > LONGEST_NAMED ? hash : `${name}.${hash}`,
    namespace: namespace ?? CLUSTER_NAMESPACE,
    fixed,
    firstAt,
  }
}

interface EventOrigin {
  readonly reporter: string
  readonly firstAt: number
}

/** Tells what counts as the same event. */
export function keyOf({ object, type, reason, action, message }: ObjectEvent): string {
  const { uid = '', name, namespace = '' } = object.metadata
  return JSON.stringify([object.kind, namespace, name, uid, type, reason, action, message])
}

/** The object of a series, as it is made. */
export function newEventObject({ name, namespace, fixed }: EventSeries, seen: SeriesCount): object {
  const metadata = { name, namespace }
  return { apiVersion: EVENTS_API, kind: 'Event', metadata, ...fixed, ...seriesOf(seen) }
}

/** What changes in the object of a series when it happened again, as a merge patch. */
export function seriesOf({ count, lastAt }: SeriesCount): object {
  if (count < 2) return {}
  return { series: { count, lastObservedTime: toMicroTime(lastAt) } }
}

function cutNote(message: string): string {
  const bytes = Buffer.from(message)
  if (bytes.length <= MAX_NOTE_BYTES) return message
  const room = MAX_NOTE_BYTES - Buffer.byteLength('…')
  // A character that was cut in the middle goes as a whole.
  return `${bytes
    .subarray(0, room)
    .toString()
    .replace(/\uFFFD+$/u, '')}…`
}
