import { inject } from 'vitest'
import { stringify } from 'yaml'

import { CHART, helm, parseRendering, type Rendered } from './helm.ts'
import { runProgram } from './kubectl.ts'
import { makeServiceAccount, type ServiceAccount } from './service-account.ts'

export interface ChartAccountOptions {
  /** Of an administrator. */
  readonly kubeconfig: string
  /** Where the release would be. */
  readonly namespace: string
  /** More flags of `helm template`. */
  readonly flags?: readonly string[]
}

/** Who the chart lets the operator be. */
export interface ChartAccount extends ServiceAccount {
  /** Service account, roles and bindings as they were rendered and applied. */
  readonly rendered: readonly Rendered[]
}

const KINDS = new Set(['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'])

/** Makes the service account of a release with exactly what the chart grants it, and a token of it. */
export async function makeChartAccount({
  kubeconfig,
  namespace,
  flags = [],
}: ChartAccountOptions): Promise<ChartAccount> {
  const template = [
    'template',
    'rc',
    CHART,
    `--namespace=${namespace}`,
    '--set=keys.existingSecret=keys',
    ...flags,
  ]
  const { stdout, stderr } = await helm(template)
  const rendered = parseRendering(stdout).filter(({ kind }) => KINDS.has(kind))
  const name = rendered.find(({ kind }) => kind === 'ServiceAccount')?.metadata.name
  if (name === undefined) throw new Error(`the chart has no service account: ${stderr}`)
  const account = await makeServiceAccount(kubeconfig, { namespace, name })
  const applied = await runProgram(
    [
      inject('assets').kubectl,
      `--kubeconfig=${kubeconfig}`,
      'apply',
      '--server-side',
      '--force-conflicts',
      '-f',
      '-',
    ],
    rendered.map((object) => stringify(object)).join('---\n'),
  )
  if (applied.code !== 0) throw new Error(applied.stderr)
  return { ...account, rendered }
}
