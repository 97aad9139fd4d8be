import { join } from 'node:path'

import { makeKeyFiles } from '#cli/commands/keys.ts'
import type { Context } from '#cli/context.ts'
import type { Progress } from '#cli/demo/progress.ts'
import type { Stage } from '#cli/demo/stage.ts'
import { type Grounds, USER } from '#cli/demo/world.ts'
import { systemClock } from '#cli/system-clock.ts'
import { AppError, isAppError } from '#core/errors.ts'
import { API_VERSION } from '#crds/group.ts'
import type { KubeClient } from '#store/kubernetes/client.ts'
import { HttpKubeClient } from '#store/kubernetes/kube-client.ts'
import { connectByKubeconfig } from '#store/kubernetes/kubeconfig.ts'

import { startApiServer } from './api-server.ts'
import { installKinds } from './kinds.ts'
import { readCluster, writeKubeconfig } from './kubeconfig.ts'
import { makeOperator, OPERATOR, removeOne } from './operator.ts'
import { findPrograms } from './programs.ts'
import { readRules } from './rules.ts'

/** Where a demo in a cluster plays. */
export interface ClusterStage {
  readonly stage: Stage
  /** Of an administrator; `null`: an API server of the demo's own. */
  readonly kubeconfig: string | null
  readonly environment: Context['environment']
  readonly progress: Progress
}

/**
 * Lays what the server of a demo stands on in a cluster: kinds, rules of the chart, a service account, keys. In somebody's cluster it
 * goes again at the end; one of its own goes whole.
 *
 * @throws AppError `SETTING_INVALID`, `ALREADY_EXISTS` or `STORE_UNAVAILABLE`
 */
export async function clusterGrounds({ stage, progress, ...place }: ClusterStage): Promise<Grounds> {
  progress.chapter('A cluster')
  const rules = await readRules()
  const kubeconfig = place.kubeconfig ?? (await startOwn({ stage, progress, ...place }))
  const client = await connect(kubeconfig)
  stage.atEnd(async () => client.close())
  if (place.kubeconfig === null)
    await progress.step('its API server is ready', () => untilReady(client, stage))
  const isTheirs = place.kubeconfig !== null
  const token = await progress.step(
    "its kinds, and a service account that may do what the chart's may",
    async () => {
      const removeKinds = await installKinds(client)
      if (isTheirs) stage.atEnd(removeKinds)
      const operator = await makeOperator(client, rules)
      if (isTheirs) stage.atEnd(() => removePeople(client).then(() => operator.remove()))
      return operator.token
    },
  )
  const own = join(stage.root, 'operator.kubeconfig')
  await writeKubeconfig(own, await readCluster(kubeconfig), token)
  const { keyring, signingKey } = await makeKeyFiles(join(stage.root, 'keys'))
  const named = { keyring, 'signing-key': signingKey, kubeconfig: own, 'operator-namespace': OPERATOR }
  const flags = Object.entries({ store: 'kubernetes', replica: 'demo', ...named })
  return { flags: flags.flatMap(([name, value]) => [`--${name}`, value]), signingKey, kubeconfig }
}

async function startOwn({ stage, environment, progress }: ClusterStage): Promise<string> {
  const programs = await findPrograms(environment)
  return progress.step('etcd and kube-apiserver started', () => startApiServer(programs, stage))
}

async function connect(kubeconfig: string): Promise<KubeClient> {
  const connection = await connectByKubeconfig([kubeconfig], systemClock)
  return new HttpKubeClient({ connection, clock: systemClock, random: Math.random })
}

const READY_WITHIN_MS = 60_000
const LOOK_EVERY_MS = 100

async function untilReady(client: KubeClient, { signal }: Stage): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS
  for (;;) {
    if (await isReady(client)) return
    if (signal.aborted || performance.now() > deadline)
      throw new AppError(
        'STORE_UNAVAILABLE',
        `the API server was not ready within ${READY_WITHIN_MS / 1000} s`,
      )
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

async function isReady(client: KubeClient): Promise<boolean> {
  try {
    for await (const line of client.stream({ method: 'GET', path: '/readyz', timeoutMs: 2000 }))
      return line === 'ok'
    return false
  } catch (error) {
    if (isAppError(error)) return false
    throw error
  }
}

/** What the demo's person left: the namespace takes their things along. */
async function removePeople(client: KubeClient): Promise<void> {
  await removeOne(client, `/apis/${API_VERSION}/users/${USER}`)
  await removeOne(client, `/api/v1/namespaces/user-${USER}`)
}
