import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openKeyring } from '#secrets/keyring.ts'
import { openSigningKey } from '#secrets/signing.ts'
import { type Installation, startInstallation } from '#test/support/installation.ts'

export interface ClusterInstallationOptions {
  /** Of the service account that the server is. */
  readonly kubeconfig: string
  /** The operator's own namespace. */
  readonly namespace: string
  /** More flags of `serve`. */
  readonly flags?: readonly string[]
}

/** A replica and agents as real processes, everything kept in a cluster. `close()` leaves what it made there. */
export async function startClusterInstallation({
  kubeconfig,
  namespace,
  flags = [],
}: ClusterInstallationOptions): Promise<Installation> {
  const keys = await mkdtemp(join(tmpdir(), 'runtimeconfig-keys-'))
  const [keyring, signingKey] = [join(keys, 'keyring.json'), join(keys, 'signing-key.pem')]
  await openKeyring(keyring)
  await openSigningKey(signingKey)
  const ofCluster = ['--store', 'kubernetes', '--kubeconfig', kubeconfig, '--operator-namespace', namespace]
  const ofKeys = ['--keyring', keyring, '--signing-key', signingKey]
  const installation = await startInstallation([...ofCluster, ...ofKeys, '--replica', 'one', ...flags])
  // Tokens are signed with the key that lies in the data folder.
  await mkdir(installation.data, { recursive: true, mode: 0o700 })
  await copyFile(signingKey, join(installation.data, 'signing-key.pem'))
  const close = async (): Promise<void> => {
    await installation.close()
    await rm(keys, { recursive: true, force: true })
  }
  return { ...installation, close }
}
