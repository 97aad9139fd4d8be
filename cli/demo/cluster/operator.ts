import { z } from 'zod'

import { AppError, isAppError } from '#core/errors.ts'
import type { KubeClient } from '#store/kubernetes/client.ts'

import type { Rules } from './rules.ts'

/** The namespace of the demo's operator, and the name of everything it is. */
export const OPERATOR = 'runtimeconfig-demo'

const HOURS_24 = 86_400
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const OWN = `/namespaces/${OPERATOR}`
const Issued = z.object({ status: z.object({ token: z.string() }) })

/** What was made, and how it goes again. */
export interface Operator {
  /** Of the service account. */
  readonly token: string
  remove(): Promise<void>
}

/**
 * Makes a namespace, and in it a service account that may do what the rules say.
 *
 * @throws AppError `ALREADY_EXISTS` when an earlier demo could not clean up
 */
export async function makeOperator(client: KubeClient, rules: Rules): Promise<Operator> {
  const made: string[] = []
  const remove = async (): Promise<void> => {
    for (const path of made.toReversed()) await removeOne(client, path)
  }
  try {
    for (const { collection, body } of objectsOf(rules)) {
      await client.request({ method: 'POST', path: collection, body })
      made.push(`${collection}/${body.metadata.name}`)
    }
    const spec = { expirationSeconds: HOURS_24 }
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }
    const path = `/api/v1${OWN}/serviceaccounts/${OPERATOR}/token`
    const { status } = Issued.parse(await client.request({ method: 'POST', path, body }))
    return { token: status.token, remove }
  } catch (error) {
    await remove()
    throw isAppError(error, 'ALREADY_EXISTS') ? leftOver() : error
  }
}

/** Removes an object; one that is gone is fine. */
export async function removeOne(client: KubeClient, path: string): Promise<void> {
  try {
    await client.request({ method: 'DELETE', path })
  } catch (error) {
    if (!isAppError(error, 'NOT_FOUND')) throw error
  }
}

function objectsOf(rules: Rules) {
  const metadata = { name: OPERATOR }
  const subjects = [{ kind: 'ServiceAccount', name: OPERATOR, namespace: OPERATOR }]
  const refer = (kind: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name: OPERATOR })
  return [
    { collection: '/api/v1/namespaces', body: { apiVersion: 'v1', kind: 'Namespace', metadata } },
    {
      collection: `/api/v1${OWN}/serviceaccounts`,
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    },
    { collection: `${RBAC}/clusterroles`, body: { metadata, rules: rules.cluster } },
    {
      collection: `${RBAC}/clusterrolebindings`,
      body: { metadata, subjects, roleRef: refer('ClusterRole') },
    },
    { collection: `${RBAC}${OWN}/roles`, body: { metadata, rules: rules.namespace } },
    { collection: `${RBAC}${OWN}/rolebindings`, body: { metadata, subjects, roleRef: refer('Role') } },
  ]
}

function leftOver(): AppError {
  return new AppError(
    'ALREADY_EXISTS',
    `an earlier demo left something behind; remove it with: kubectl delete namespace,clusterrole,clusterrolebinding ${OPERATOR}`,
  )
}
