import { AppError } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'

import { childOf, listOf, textMapOf, textOf, timeOf } from './answer-fields.ts'

/** A Secret, as far as it is read here. */
export interface SecretObject {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly resourceVersion: string
    /** Epoch ms, whole seconds. */
    readonly createdAt: number
    readonly labels: Readonly<Record<string, string>>
  }
  /** Base64. Empty for what was asked without its content. */
  readonly data: Readonly<Record<string, string>>
}

/**
 * Reads a Secret, or the metadata of one, as an API server gives it.
 *
 * @throws AppError `STORE_UNAVAILABLE` for what is none
 */
export function toSecretObject(answer: unknown): SecretObject {
  const metadata = isRecord(answer) ? answer['metadata'] : undefined
  if (!isRecord(answer) || !isRecord(metadata)) {
    throw new AppError('STORE_UNAVAILABLE', 'the API server answered something that is no Secret')
  }
  return {
    metadata: {
      name: textOf(metadata, 'name'),
      namespace: textOf(metadata, 'namespace'),
      resourceVersion: textOf(metadata, 'resourceVersion'),
      createdAt: timeOf(metadata, 'creationTimestamp'),
      labels: textMapOf(metadata, 'labels'),
    },
    data: textMapOf(answer, 'data'),
  }
}

/** The path of the Secrets of a namespace; of all namespaces without one. */
export function secretsPath(namespace?: string): string {
  return namespace === undefined
    ? '/api/v1/secrets'
    : `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`
}

/** The path of one Secret. */
export function secretPath({
  namespace,
  name,
}: Pick<SecretObject['metadata'], 'namespace' | 'name'>): string {
  return `${secretsPath(namespace)}/${encodeURIComponent(name)}`
}

/**
 * Gives when an entry of a Secret changed last, epoch ms in whole seconds. The API server keeps, for each writer, what it owns
 * and when it wrote last. When nobody owns the entry it is taken as changed with the last change of the whole Secret.
 *
 * @param answer the Secret as the API server gives it
 */
export function changedAtOf(answer: unknown, key: string): number {
  const metadata = childOf(answer, 'metadata')
  const writes = listOf(metadata, 'managedFields')
  const owners = writes.filter((entry) => {
    return Object.hasOwn(childOf(childOf(entry, 'fieldsV1'), 'f:data'), `f:${key}`)
  })
  const times = (owners.length > 0 ? owners : writes).map((entry) => timeOf(entry, 'time'))
  return Math.max(timeOf(metadata, 'creationTimestamp'), ...times)
}
