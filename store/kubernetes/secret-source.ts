import { AppError } from '#core/errors.ts'
import type { WatchSource } from '#store/watch-loop.ts'

import { childOf, listOf, textOf } from './answer-fields.ts'
import type { KubeRequest } from './client.ts'
import { type SecretObject, secretsPath, toSecretObject } from './secret-object.ts'
import { streamEvents, type WatchDeps } from './watch.ts'

/** Which Secrets are watched. */
export interface SecretSelection {
  /** Absent: all namespaces. */
  readonly namespace?: string
  readonly labelSelector: string
  /** Ask for no content: it neither crosses the wire nor lies in memory. */
  readonly isMetadataOnly?: boolean
}

/** Makes a source of the Secrets with a label. */
export function secretSource(deps: WatchDeps, selection: SecretSelection): WatchSource<SecretObject> {
  const { namespace, labelSelector, isMetadataOnly = false } = selection
  const path = secretsPath(namespace)
  const form = (kind: string) =>
    isMetadataOnly ? { accept: `application/json;as=${kind};g=meta.k8s.io;v=v1` } : {}
  return {
    list: async (page) => {
      const query = { labelSelector, limit: page.limit, continue: page.continue }
      const request: KubeRequest = { method: 'GET', path, query, ...form('PartialObjectMetadataList') }
      return readPage(await deps.client.request(request))
    },
    watch: ({ resourceVersion: from = '', signal }) => {
      const target = { name: 'Secrets', path, query: { labelSelector }, from, read: readEvent }
      return streamEvents(deps, { ...target, ...form('PartialObjectMetadata') }, signal)
    },
  }
}

function readPage(answer: unknown) {
  const metadata = childOf(answer, 'metadata')
  const next = textOf(metadata, 'continue')
  return {
    items: listOf(answer, 'items').map(toSecretObject),
    metadata: {
      resourceVersion: textOf(metadata, 'resourceVersion'),
      ...(next !== '' && { continue: next }),
    },
  }
}

function readEvent(object: unknown): SecretObject {
  const secret = toSecretObject(object)
  if (secret.metadata.resourceVersion !== '') return secret
  throw new AppError('EXPIRED', 'a line of the watch of Secrets is no event; listing again')
}
