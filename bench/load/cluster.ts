import { type PinnedServer, startPinned } from '#bench/pinned.ts'
import type { RunSetting } from '#bench/row.ts'
import { findAssets } from '#test/cluster/assets.ts'
import { type ClusterInstallation, startClusterInstallation } from '#test/cluster/torture/installation.ts'

/** A real API server on this machine, as rows use it. */
export interface LoadCluster {
  readonly installation: ClusterInstallation
  /** Starts one replica on the server's core. */
  startReplica(): Promise<PinnedServer>
  close(): Promise<void>
}

/** Starts an API server; `null`, and a sentence, when its programs are not there. It runs on whatever core is free. */
export async function startLoadCluster(
  row: string,
  { pinned, progress }: RunSetting,
): Promise<LoadCluster | null> {
  let assets: Awaited<ReturnType<typeof findAssets>>
  try {
    assets = await findAssets(process.env)
  } catch (error) {
    progress(`${row}: left out; ${error instanceof Error ? error.message : String(error)}`)
    return null
  }
  const installation = await startClusterInstallation(assets)
  const { kubeconfig, namespace, folder } = installation.setting
  const flags = {
    store: 'kubernetes',
    kubeconfig,
    'operator-namespace': namespace,
    data: folder,
    keyring: `${folder}/keyring.json`,
    'signing-key': `${folder}/signing-key.pem`,
    replica: 'bench-0',
    listen: '127.0.0.1:0',
    'requests-per-minute': '100000000',
  }
  return {
    installation,
    startReplica: () => startPinned('ours-cluster', { args: [JSON.stringify(flags)], pinned }),
    close: () => installation.close(),
  }
}

/** How many requests a replica sent to its API server so far, by what they were for. */
export interface RequestCounts {
  /** Renewals of Leases, which cost the same whatever there is. */
  readonly leases: number
  /** Watches that ended; the server ends each after some minutes. */
  readonly watches: number
  /** Everything else. */
  readonly others: number
}

const SERIES = /^runtimeconfig_kubernetes_requests_total\{(.*)\} (\d+)$/

/** Reads the counts from the metrics of a replica. */
export async function countRequests(server: PinnedServer): Promise<RequestCounts> {
  const text = await (await fetch(`${server.address}/metrics`)).text()
  const counts = { leases: 0, watches: 0, others: 0 }
  for (const line of text.split('\n')) {
    const [, labels = '', value] = SERIES.exec(line) ?? []
    const isLease = labels.includes('resource="leases')
    const part = isLease ? 'leases' : labels.includes('verb="watch"') ? 'watches' : 'others'
    counts[part] += Number(value ?? 0)
  }
  return counts
}
