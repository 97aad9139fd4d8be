import { hostname } from 'node:os'

/** Gives the name of this replica: as the setting says, else the host's, which in a cluster is the pod's, in letters that a Lease may have. */
export function replicaNameOf(setting: string): string {
  if (setting !== 'auto') return setting
  const name = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '')
  return name === '' ? 'replica' : name
}
