import { access, constants, readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { AppError } from '#core/errors.ts'

const NAMES = ['etcd', 'kube-apiserver'] as const

/** Where the programs of an API server are on this machine. */
export type Programs = Readonly<Record<(typeof NAMES)[number], string>>

/**
 * Finds the programs in the folder that `KUBEBUILDER_ASSETS` names, or where the test suite of a clone built them.
 *
 * @throws AppError `SETTING_INVALID` saying how to get them
 */
export async function findPrograms(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Programs> {
  const given = environment['KUBEBUILDER_ASSETS']
  const folders = given === undefined ? await builtFolders(environment) : [given]
  const [etcd, server] = await Promise.all(NAMES.map((name) => findIn(folders, name)))
  if (etcd !== undefined && server !== undefined) return { etcd, 'kube-apiserver': server }
  throw new AppError(
    'SETTING_INVALID',
    given === undefined
      ? 'expected etcd and kube-apiserver for an API server of its own: set KUBEBUILDER_ASSETS to a folder that holds them, run npm run test:cluster once, or name a cluster with --kubeconfig FILE'
      : `expected etcd and kube-apiserver in ${given}, as KUBEBUILDER_ASSETS says; name another folder, or a cluster with --kubeconfig FILE`,
  )
}

async function builtFolders(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const cache = environment['XDG_CACHE_HOME'] ?? join(environment['HOME'] ?? homedir(), '.cache')
  const built = join(cache, 'runtimeconfig', 'cluster')
  return (await readdir(built).catch(() => [])).map((name) => join(built, name))
}

async function findIn(folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name)
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}
