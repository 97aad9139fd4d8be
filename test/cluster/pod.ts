import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { asManifest, type Manifest } from '#test/support/manifests.ts'

import type { Rendered } from './helm.ts'
import { canIsolate, type ContainerOptions } from './image.ts'

export interface PodOptions {
  readonly deployment: Rendered
  readonly name: string
  /** What the volumes of the pod hold: files by the name of the volume. */
  readonly volumes: Readonly<Record<string, Readonly<Record<string, string | Uint8Array>>>>
  /** Of the cluster, as the kubelet tells every container. */
  readonly apiServer: string
  /** Variables that differ from those of the Deployment: ports of this machine, which it shares with others. */
  readonly env?: Readonly<Record<string, string>>
}

/** A pod of a Deployment, as far as a process can be one. */
export interface Pod {
  /** What a container of it is started with; `args` of its own replace those of the Deployment, as `kubectl exec` does. */
  container(args?: readonly string[]): ContainerOptions
  remove(): Promise<void>
}

/** Does what the kubelet does with a pod: writes its volumes for its group, and says in variables where it is. */
export async function makePod({
  deployment,
  name,
  volumes,
  apiServer,
  env: differing = {},
}: PodOptions): Promise<Pod> {
  const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-pod-'))
  const spec = asManifest(asManifest(deployment.spec['template'])['spec'])
  const container = asManifest((spec['containers'] as readonly unknown[])[0])
  const group = Number(asManifest(spec['securityContext'])['fsGroup'])
  for (const [volume, files] of Object.entries(volumes))
    await writeVolume(join(folder, volume), { files, group })
  const mounts = (container['volumeMounts'] as readonly Record<string, string>[]).filter(
    ({ name = '' }) => volumes[name] !== undefined,
  )
  const { hostname, port } = new URL(apiServer)
  const env = {
    ...variablesOf(container, {
      'metadata.name': name,
      'metadata.namespace': deployment.metadata.namespace ?? '',
      'status.podIP': '127.0.0.1',
    }),
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    ...differing,
  }
  return {
    container: (args) => ({
      args: args ?? (container['args'] as readonly string[]),
      env,
      mounts: Object.fromEntries(
        mounts.map(({ name = '', mountPath = '' }) => [mountPath, join(folder, name)]),
      ),
    }),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

interface Volume {
  readonly files: Readonly<Record<string, string | Uint8Array>>
  readonly group: number
}

// 0440 for the pod's group is what the kubelet makes of 0400 when a pod has an fsGroup.
async function writeVolume(path: string, { files, group }: Volume): Promise<void> {
  await mkdir(path, { mode: 0o755 })
  for (const [name, content] of Object.entries(files)) {
    const file = join(path, name)
    await writeFile(file, content)
    if (!(await canIsolate())) continue
    await chown(file, 0, group)
    await chmod(file, 0o440)
  }
}

function variablesOf(
  container: Manifest,
  fields: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const values: Record<string, string> = {}
  for (const variable of container['env'] as readonly Manifest[]) {
    const { fieldPath } = asManifest(asManifest(variable['valueFrom'])['fieldRef'])
    const text = typeof fieldPath === 'string' ? fields[fieldPath] : String(variable['value'])
    // As the kubelet does: with the variables before it.
    values[String(variable['name'])] = (text ?? '').replaceAll(
      /\$\((\w+)\)/g,
      (whole, name: string) => values[name] ?? whole,
    )
  }
  return values
}
