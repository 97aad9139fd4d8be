import { startLoadCluster } from '#bench/load/cluster.ts'
import { type Measured, median, quantile, type Row, type RunSetting } from '#bench/row.ts'

import { DEVICES, PATIENCE_MS, toggleOnce } from './toggle.ts'

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
    return [
      {
        name: 'toggle → file on 1 000 online devices with a real API server, p99',
        unit: 'ms',
        ours: took.length < DEVICES ? PATIENCE_MS : quantile(took, 0.99),
        floor: null,
        floorName: null,
        target: { of: 'value', bound: 'atMost', limit: 3000 },
        more: { devices: DEVICES, written: took.length, medianMs: median(took) },
      },
    ]
  },
}
