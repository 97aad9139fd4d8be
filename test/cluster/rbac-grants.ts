import { systemClock } from '#cli/system-clock.ts'
import type { KubeClient } from '#store/kubernetes/client.ts'
import { HttpKubeClient } from '#store/kubernetes/kube-client.ts'
import { connectByKubeconfig } from '#store/kubernetes/kubeconfig.ts'
import { eventually } from '#test/support/installation.ts'
import { asManifest, type Manifest } from '#test/support/manifests.ts'

import type { Rendered } from './helm.ts'

/** One verb on one resource, as a role grants it. */
export interface Grant {
  /** Where it holds: in every namespace, or in that of the release. */
  readonly scope: 'cluster' | 'namespace'
  /** API group; empty for the core. */
  readonly group: string
  /** With the sub-resource: `devices/status`. */
  readonly resource: string
  readonly verb: string
}

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/** Writes a grant as people read it. */
export function nameOf({ scope, resource, verb }: Grant): string {
  return `${verb} ${resource} (${scope})`
}

/** Everything that the roles of a rendering grant, one by one, without repetition. */
export function grantsOf(rendered: readonly Rendered[]): readonly Grant[] {
  const all = rendered.filter(isRole).flatMap((role) => {
    const scope = role.kind === 'ClusterRole' ? ('cluster' as const) : ('namespace' as const)
    return rulesOf(role).flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => ({ scope, group, resource, verb }))),
      ),
    )
  })
  return [...new Map(all.map((grant) => [nameOf(grant), grant])).values()]
}

export interface RoleEditorOptions {
  /** Of an administrator. */
  readonly kubeconfig: string
  /** `system:serviceaccount:<namespace>:<name>`. */
  readonly user: string
  readonly namespace: string
  readonly rendered: readonly Rendered[]
}

/** Takes grants away and gives them back. */
export interface RoleEditor {
  /** Takes one away, lets `act` happen without it, and gives it back; both times when the API server knows. */
  without<T>(grant: Grant, act: () => Promise<T>): Promise<T>
  /** The administrator's. */
  readonly client: KubeClient
  close(): void
}

/** Edits the roles of a rendering that was applied. */
export async function openRoleEditor(options: RoleEditorOptions): Promise<RoleEditor> {
  const connection = await connectByKubeconfig([options.kubeconfig], systemClock)
  const client = new HttpKubeClient({ connection, clock: systemClock, random: Math.random })
  return {
    client,
    async without(grant, act) {
      await setRules(client, options, { grant, isGranted: false })
      try {
        return await act()
      } finally {
        await setRules(client, options, { grant, isGranted: true })
      }
    },
    close: () => client.close(),
  }
}

interface Wanted {
  readonly grant: Grant
  readonly isGranted: boolean
}

async function setRules(
  client: KubeClient,
  { rendered, user, namespace }: RoleEditorOptions,
  { grant, isGranted }: Wanted,
): Promise<void> {
  const kind = grant.scope === 'cluster' ? 'ClusterRole' : 'Role'
  const role = rendered.find((object) => object.kind === kind)
  if (role === undefined) throw new Error(`expected a ${kind} in the rendering`)
  const rules = isGranted ? rulesOf(role) : rulesOf(role).flatMap((rule) => withoutGrant(rule, grant))
  const place = kind === 'ClusterRole' ? 'clusterroles' : `namespaces/${namespace}/roles`
  await client.request({
    method: 'PATCH',
    path: `/apis/rbac.authorization.k8s.io/v1/${place}/${encodeURIComponent(role.metadata.name)}`,
    body: { rules },
    contentType: 'application/merge-patch+json',
  })
  await eventually(`${nameOf(grant)} to be ${isGranted ? 'granted' : 'taken away'}`, async () => {
    return (await isAllowed(client, { grant, user, namespace })) === isGranted
  })
}

function withoutGrant(rule: Rule, { group, resource, verb }: Grant): readonly Rule[] {
  if (!rule.apiGroups.includes(group) || !rule.resources.includes(resource)) return [rule]
  const others = rule.resources.filter((one) => one !== resource)
  const verbs = rule.verbs.filter((one) => one !== verb)
  return [
    ...(others.length > 0 ? [{ ...rule, resources: others }] : []),
    ...(verbs.length > 0 ? [{ ...rule, resources: [resource], verbs }] : []),
  ]
}

interface Question {
  readonly grant: Grant
  readonly user: string
  readonly namespace: string
}

async function isAllowed(client: KubeClient, { grant, user, namespace }: Question): Promise<boolean> {
  const [resource, subresource] = grant.resource.split('/')
  const where = grant.scope === 'cluster' ? {} : { namespace }
  const resourceAttributes = { group: grant.group, resource, subresource, verb: grant.verb, ...where }
  const review = await client.request({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user, resourceAttributes },
    },
  })
  return asManifest(asManifest(review)['status'])['allowed'] === true
}

function isRole({ kind }: Rendered): boolean {
  return kind === 'ClusterRole' || kind === 'Role'
}

function rulesOf(role: Manifest | Rendered): readonly Rule[] {
  return (role as { readonly rules: readonly Rule[] }).rules
}
