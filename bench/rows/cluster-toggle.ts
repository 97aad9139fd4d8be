import { startLoadCluster } from '#bench/load/cluster.ts'
import type { Measured, Row, RunSetting } from '#bench/row.ts'

import { toggleOnce, toMeasured } from './toggle.ts'

/** From the toggle to the complete file on each of a thousand online devices of one user, with a real API server as the store. */
export const clusterToggle: Row = {
  name: 'cluster-toggle',
  async run(setting: RunSetting): Promise<readonly Measured[]> {
    const cluster = await startLoadCluster('cluster-toggle', setting)
    if (cluster === null) return []
    const server = await cluster.startReplica()
    const took = await toggleOnce(server, (line) => setting.progress(`cluster-toggle: ${line}`))
    await server.stop()
    await cluster.close()
    return [toMeasured('toggle → file on 1 000 online devices with a real API server, p99', took, 3000)]
  },
}
