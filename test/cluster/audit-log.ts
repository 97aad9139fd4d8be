import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { stringify } from 'yaml'

import { asManifest, isManifest, type Manifest } from '#test/support/manifests.ts'

/** The audit log of an API server that writes down every body. */
export interface AuditLog {
  /** For kube-apiserver. */
  readonly flags: Readonly<Record<string, string>>
  entries(): Promise<readonly Manifest[]>
  remove(): Promise<void>
}

/** Says where and how an API server is to write its audit log. */
export async function anAuditLog(level: 'Metadata' | 'RequestResponse'): Promise<AuditLog> {
  const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-audit-'))
  const [policy, log] = [join(folder, 'policy.yaml'), join(folder, 'audit.log')]
  const rules = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level }],
  }
  await writeFile(policy, stringify(rules))
  return {
    flags: { 'audit-policy-file': policy, 'audit-log-path': log, 'audit-log-mode': 'blocking' },
    entries: async () => {
      const lines = (await readFile(log, 'utf8')).trim().split('\n')
      return lines.map((line) => asManifest(JSON.parse(line)))
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** What whoever writes down bodies has asked for. */
export interface AskedFor {
  /** Tokens that the cluster is asked about. */
  readonly tokens: readonly string[]
  /** What somebody keeps in it is theirs. */
  readonly secret: { readonly namespace: string; readonly name: string }
}

/**
 * An entry without three things: one of these very tokens in a review, a token that the cluster gives out, and what is in
 * exactly this Secret. All else stays, the rest of those entries included.
 */
export function withoutAskedFor(entry: Manifest, { tokens, secret }: AskedFor): Manifest {
  const { resource, subresource, namespace, name } = asManifest(entry['objectRef'])
  const strip = (body: unknown): unknown => {
    if (!isManifest(body)) return body
    if (resource === 'tokenreviews') {
      const isAsked = tokens.includes(String(asManifest(body['spec'])['token']))
      return isAsked ? without(body, 'spec', 'token') : body
    }
    if (resource === 'serviceaccounts' && subresource === 'token') return without(body, 'status', 'token')
    if (resource !== 'secrets') return body
    return namespace === secret.namespace && name === secret.name ? null : withoutItem(body, secret)
  }
  const [requestObject, responseObject] = [strip(entry['requestObject']), strip(entry['responseObject'])]
  return { ...entry, requestObject, responseObject }
}

function without(body: Manifest, part: string, field: string): Manifest {
  const { [field]: _taken, ...rest } = asManifest(body[part])
  return { ...body, [part]: rest }
}

function withoutItem(body: Manifest, secret: AskedFor['secret']): Manifest {
  const { items } = body
  if (!Array.isArray(items)) return body
  const isOther = (item: unknown): boolean => {
    const { namespace, name } = asManifest(asManifest(item)['metadata'])
    return namespace !== secret.namespace || name !== secret.name
  }
  return { ...body, items: items.filter(isOther) }
}
