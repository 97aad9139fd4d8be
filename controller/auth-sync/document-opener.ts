import type { Clock } from '#core/clock.ts'
import { isAppError } from '#core/errors.ts'
import type { ObjectOf } from '#crds/kinds.ts'

import { documentSourceOf } from './document-source.ts'
import {
  NOTHING_STORED,
  openDocument,
  type Opening,
  type OpenRequest,
  type OpenSources,
} from './opened-document.ts'

/** A delivery opens the document when it decides, and again when the device answered and proved it: all within this. */
const KEEP_MS = 5000

interface SeenSecret {
  /** Which Secret, and its version or why it has none. */
  readonly state: string
  readonly isMarked: boolean
}

/** Hears that a Secret does not hold any more what was last seen of it. */
export type SecretListener = (namespace: string, runtime: string) => void

/**
 * Opens users' auth documents, sealed ones and those in Secrets. What was opened is kept for five seconds, for the thousand
 * devices that ask for it and for the proofs that follow; then the plaintext is gone from here.
 */
export class DocumentOpener {
  readonly #sources: OpenSources
  readonly #clock: Clock
  readonly #openings = new Map<string, Promise<Opening>>()
  readonly #refreshes = new Map<string, Promise<Opening>>()
  /** What was last seen of each referenced Secret, by configuration. */
  readonly #seen = new Map<string, SeenSecret>()
  readonly #listeners = new Set<SecretListener>()

  constructor(sources: OpenSources, clock: Clock) {
    this.#sources = sources
    this.#clock = clock
  }

  /** Opens a document, or says why it cannot be used: never rejects for what is stored, only when a Secret cannot be asked for. */
  async open(request: OpenRequest): Promise<Opening> {
    const place = placeOf(request)
    if (place === null) return NOTHING_STORED
    return this.#openings.get(place) ?? this.#keep(place, this.#read(request))
  }

  /**
   * Reads a Secret again, and keeps that in place of what was kept; those who ask meanwhile share the reading. A sealed document
   * is what it is.
   */
  async refresh(request: OpenRequest): Promise<Opening> {
    const place = placeOf(request)
    if (place === null || request.config.spec.auth?.secretRef === undefined) return this.open(request)
    const running = this.#refreshes.get(place)
    if (running !== undefined) return running
    const reading = this.#read(request).finally(() => {
      if (this.#refreshes.get(place) === reading) this.#refreshes.delete(place)
    })
    this.#refreshes.set(place, reading)
    return this.#keep(place, reading)
  }

  /** Takes what was kept as out of date: the Secret changed. Who waits for a reading that began before still gets it. */
  forget(request: Pick<OpenRequest, 'config' | 'runtime'>): void {
    const place = placeOf(request)
    if (place === null) return
    this.#openings.delete(place)
    this.#refreshes.delete(place)
  }

  /** For a configuration that is gone. */
  drop({ metadata }: ObjectOf<'UserRuntimeConfig'>): void {
    this.#seen.delete(`${metadata.namespace}/${metadata.name}`)
  }

  /** Whether the next change of a configuration's Secret is told of, as it was when it was read last. */
  isTold({ metadata }: ObjectOf<'UserRuntimeConfig'>): boolean {
    return this.#seen.get(`${metadata.namespace}/${metadata.name}`)?.isMarked === true
  }

  /** Calls back when a reading finds a Secret otherwise than the one before it did. Returns how to stop listening. */
  onSecretChange(listener: SecretListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async #read(request: OpenRequest): Promise<Opening> {
    const opening = await openDocument(this.#sources, request)
    this.#compare(request, opening)
    return opening
  }

  #compare({ config }: OpenRequest, opening: Opening): void {
    if (config.spec.auth?.secretRef === undefined) return this.drop(config)
    const { namespace = '', name } = config.metadata
    const found = seenOf(config, opening)
    const before = this.#seen.get(`${namespace}/${name}`)
    this.#seen.set(`${namespace}/${name}`, found)
    // The first reading changes nothing: whoever asked for it is about to act on it, like everybody after them.
    if (before === undefined || before.state === found.state) return
    for (const listener of this.#listeners) listener(namespace, name)
  }

  async #keep(place: string, opening: Promise<Opening>): Promise<Opening> {
    const forget = () => {
      if (this.#openings.get(place) === opening) this.#openings.delete(place)
    }
    this.#openings.set(place, opening)
    const cancel = this.#clock.after(KEEP_MS, forget)
    try {
      return await opening
    } catch (error) {
      // A Secret that cannot be asked for now is not asked for by each of a thousand devices.
      if (isAppError(error, 'STORE_UNAVAILABLE')) throw error
      cancel()
      forget()
      throw error
    }
  }
}

/** Another version of the runtime may look for its facts elsewhere; another namespace may hold a copied ciphertext. */
function placeOf({ config, runtime }: Pick<OpenRequest, 'config' | 'runtime'>): string | null {
  const source = documentSourceOf(config)
  const { name, generation } = runtime.metadata
  return source === null ? null : [config.metadata.namespace, name, generation, source].join('/')
}

function seenOf(config: ObjectOf<'UserRuntimeConfig'>, { fault, secret }: Opening): SeenSecret {
  const state = `${documentSourceOf(config)} ${secret?.version ?? fault?.reason}`
  return { state, isMarked: secret?.isMarked === true }
}
