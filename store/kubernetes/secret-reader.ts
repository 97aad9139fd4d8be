import type { CancelTimer, Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import { GROUP } from '#crds/group.ts'
import { isLabelName, isSubdomain } from '#crds/metadata.ts'
import type { ReferencedSecret, SecretReader, SecretRef } from '#store/secret-reader.ts'
import { sleep } from '#store/sleep.ts'
import { runSourceLoop, type SourceSink, type WatchSource } from '#store/watch-loop.ts'

import { changedAtOf, type SecretObject, secretPath, toSecretObject } from './secret-object.ts'
import { secretSource } from './secret-source.ts'
import type { WatchDeps } from './watch.ts'

/** Whoever wants a change of a Secret to be noticed at once labels it so. */
const MARK = `${GROUP}/runtime-config`
const WATCHED = `${MARK}=true`
const MAX_BYTES = 1024 * 1024
const IMPATIENT_TRIES = 10
const PATIENCE_MS = 10 * 60_000
const OWN_NAMESPACE =
  'Secrets beside the operator are its own; give the user another namespace, and move the Secret there'

type Listener = (namespace: string, name: string) => void

/** Reads Secrets of users when they are needed, and watches the metadata of those with a label. Their content is never kept. */
export class KubernetesSecretReader implements SecretReader {
  readonly #deps: WatchDeps
  readonly #ownNamespace: string
  readonly #listeners = new Set<Listener>()

  /** @param ownNamespace where the operator's keys and tokens are: nothing in there is read for a user */
  constructor(deps: WatchDeps, ownNamespace: string) {
    this.#deps = deps
    this.#ownNamespace = ownNamespace
  }

  async read(namespace: string, { name, key }: SecretRef): Promise<ReferencedSecret> {
    if (!isLabelName(namespace) || !isSubdomain(name)) throw notFound(name)
    // Whoever is let into it by mistake would get the keys of everybody sent to their devices.
    if (namespace === this.#ownNamespace) throw new AppError('INVALID', OWN_NAMESPACE)
    const answer = await this.#deps.client.request({ method: 'GET', path: secretPath({ namespace, name }) })
    const { data, metadata } = toSecretObject(answer)
    const encoded = Object.hasOwn(data, key) ? data[key] : undefined
    return {
      text: encoded === undefined ? null : new Secret(decode(encoded, `key ${key} in Secret ${name}`)),
      version: metadata.resourceVersion,
      changedAt: changedAtOf(answer, key),
      isMarked: metadata.labels[MARK] === 'true',
    }
  }

  onChange(listener: Listener): CancelTimer {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Watches until the signal aborts. Only a bug ends it before. */
  async watch(signal: AbortSignal): Promise<void> {
    const source = patiently(
      secretSource(this.#deps, { labelSelector: WATCHED, isMetadataOnly: true }),
      this.#deps.clock,
      signal,
    )
    const sink = new ChangeTeller((namespace, name) => {
      for (const listener of this.#listeners) listener(namespace, name)
    })
    await runSourceLoop(this.#deps, { source, sink }, signal)
  }
}

/**
 * Asks ever more rarely for a list that was never given: an administrator may keep Secrets from the operator for good, and what
 * refers to them is looked at from time to time anyway.
 */
function patiently(
  source: WatchSource<SecretObject>,
  clock: Clock,
  signal: AbortSignal,
): WatchSource<SecretObject> {
  let refusals = 0
  let wasGiven = false
  return {
    ...source,
    list: async (page) => {
      if (!wasGiven && refusals >= IMPATIENT_TRIES) await sleep(clock, PATIENCE_MS, signal)
      try {
        const listed = await source.list(page)
        wasGiven = true
        return listed
      } catch (error) {
        refusals += 1
        throw error
      }
    },
  }
}

/** Tells what changed, also while nobody looked. At first that is everything: what was read before may be older. */
class ChangeTeller implements SourceSink<SecretObject> {
  readonly #tell: Listener
  #known = new Map<string, SecretObject>()

  constructor(tell: Listener) {
    this.#tell = tell
  }

  replaceAll(secrets: readonly SecretObject[]): void {
    const before = this.#known
    this.#known = new Map(secrets.map((secret) => [nameOf(secret), secret]))
    const isNews = (secret: SecretObject) =>
      before.get(nameOf(secret))?.metadata.resourceVersion !== secret.metadata.resourceVersion
    const gone = [...before.values()].filter((secret) => !this.#known.has(nameOf(secret)))
    for (const { metadata } of [...secrets.filter(isNews), ...gone])
      this.#tell(metadata.namespace, metadata.name)
  }

  apply({ type, object }: Parameters<SourceSink<SecretObject>['apply']>[0]): void {
    if (type === 'DELETED') this.#known.delete(nameOf(object))
    else this.#known.set(nameOf(object), object)
    this.#tell(object.metadata.namespace, object.metadata.name)
  }

  heard(): void {
    // A silent watch is begun anew by itself.
  }
}

function nameOf({ metadata }: SecretObject): string {
  return `${metadata.namespace}/${metadata.name}`
}

function decode(encoded: string, what: string): string {
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.length > MAX_BYTES) throw new AppError('INVALID', `${what} is longer than ${MAX_BYTES} bytes`)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // The cause would say where, and what is there.
    throw new AppError('INVALID', `${what} is no text in UTF-8`)
  }
}

function notFound(name: string): AppError {
  return new AppError(
    'NOT_FOUND',
    `there is no Secret ${name} in the namespace of the object that refers to it`,
  )
}
