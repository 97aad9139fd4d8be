import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { isAppError } from '#core/errors.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { makeChartAccount } from './chart-account.ts'
import { installDefinitions } from './kubectl.ts'
import { type Actor, actOf, openActor } from './rbac-acts.ts'
import { type Grant, grantsOf, nameOf, openRoleEditor, type RoleEditor } from './rbac-grants.ts'

let server: ApiServer
let admin: Actor
beforeAll(async () => {
  server = await startApiServer(inject('assets'))
  await installDefinitions(server.kubeconfig)
  admin = await openActor(server.kubeconfig, 'ops')
})
afterAll(async () => {
  await admin.close()
  await server.stop()
})

// Reading Secrets everywhere includes reading those of the release: each is looked at without the other.
describe.each([
  {
    title: 'without Secrets of users',
    namespace: 'ops',
    flags: ['--set=secretRef.enabled=false'],
    isLookedAt: () => true,
  },
  { title: 'with Secrets of users', namespace: 'more', flags: [], isLookedAt: isAboutUsersSecrets },
])('what the chart grants $title', ({ namespace, flags, isLookedAt }) => {
  let kubeconfig: string
  let grants: readonly Grant[]
  let editor: RoleEditor
  let own: Actor

  beforeAll(async () => {
    const account = await makeChartAccount({ kubeconfig: server.kubeconfig, namespace, flags })
    kubeconfig = account.kubeconfig
    grants = grantsOf(account.rendered).filter(isLookedAt)
    const user = `system:serviceaccount:${namespace}:${account.rendered.find(({ kind }) => kind === 'ServiceAccount')?.metadata.name}`
    editor = await openRoleEditor({ ...account, kubeconfig: server.kubeconfig, user, namespace })
    own = await openActor(server.kubeconfig, namespace)
  })
  afterAll(async () => {
    editor.close()
    await own.close()
  })

  it('is enough for everything that the adapters do, and each of it is needed for something', async () => {
    const verdicts: Record<string, unknown> = {}
    for (const grant of grants) {
      const granted = await outcomeOf(grant)
      const missing = await editor.without(grant, () => outcomeOf(grant))
      verdicts[nameOf(grant)] = { granted, missing }
    }
    expect(verdicts).toEqual(
      Object.fromEntries(grants.map((grant) => [nameOf(grant), { granted: 'done', missing: 'refused' }])),
    )
  }, 180_000)

  /** Whether the API server let it happen; when not, the failure must say what is missing. */
  async function outcomeOf(grant: Grant): Promise<string> {
    const actor = await openActor(kubeconfig, namespace)
    try {
      await actOf(grant)({ actor, admin: own, client: editor.client })
    } catch (error) {
      const words = `the service account may not ${grant.verb} ${grant.resource}; compare the roles with the chart's RBAC`
      if (!isAppError(error, 'STORE_UNAVAILABLE') || error.message !== words) throw error
    } finally {
      await actor.close()
    }
    const same = actor.facts.filter(
      ({ verb, resource }) => verb === grant.verb && resource === grant.resource,
    )
    if (same.length === 0) return 'not asked for'
    return same.some(({ code }) => code === 403) ? 'refused' : 'done'
  }
})

function isAboutUsersSecrets({ scope, resource }: Grant): boolean {
  return scope === 'cluster' && resource === 'secrets'
}
