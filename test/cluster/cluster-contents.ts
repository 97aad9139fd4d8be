import { inject } from 'vitest'

import { KINDS } from '#crds/kinds.ts'
import type { Places } from '#test/support/canaries.ts'
import { asManifest, type Manifest } from '#test/support/manifests.ts'

import { runProgram } from './kubectl.ts'

/** Runs kubectl as the administrator of one server, and gives what it says. What fails rejects with its words. */
export type Kubectl = (args: readonly string[], input?: string) => Promise<string>

/** Makes it. */
export function kubectlOf(kubeconfig: string): Kubectl {
  return async (args, input = '') => {
    const program = [inject('assets').kubectl, `--kubeconfig=${kubeconfig}`]
    const { code, stdout, stderr } = await runProgram([...program, ...args], input)
    if (code !== 0) throw new Error(stderr)
    return stdout
  }
}

/**
 * Everything that an installation keeps in its cluster, and what an administrator sees of it.
 *
 * @param except a Secret that is left out
 */
export async function readCluster(kubectl: Kubectl, except: string): Promise<Places> {
  const kinds = Object.values(KINDS).map(({ plural }) => `${plural}.agent.wecode.io`)
  const own = kinds.join(',')
  const all = ['-A', '--show-managed-fields', '-o', 'json']
  const { items } = JSON.parse(await kubectl(['get', 'secrets', ...all])) as { items: Manifest[] }
  const others = items.filter(({ metadata }) => asManifest(metadata)['name'] !== except)
  return {
    objects: await kubectl(['get', own, ...all]),
    'kubectl get': await kubectl(['get', own, '-A', '-o', 'wide']),
    'kubectl describe': await kubectl(['describe', own, '-A']),
    Events: await kubectl(['get', 'events.events.k8s.io', ...all]),
    'kubectl get events': await kubectl(['get', 'events', '-A']),
    Leases: await kubectl(['get', 'leases', ...all]),
    Secrets: JSON.stringify(others),
    'ConfigMaps and namespaces': await kubectl(['get', 'configmaps,namespaces', ...all]),
  }
}
