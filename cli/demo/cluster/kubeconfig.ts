import { readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

import { z } from 'zod'

import { AppError } from '#core/errors.ts'

const Kubeconfig = z.object({
  'current-context': z.string(),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string() }) })),
  clusters: z.array(z.object({ name: z.string(), cluster: z.record(z.string(), z.unknown()) })),
})

/** Gives the cluster of the current context, its files by their whole paths. @throws AppError `SETTING_INVALID` */
export async function readCluster(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { parse } = await import('yaml')
  // Without the cause: a parser quotes the file.
  const text = await readFile(path, 'utf8').catch(() => refuse(path))
  const config = Kubeconfig.safeParse(parse(text, { logLevel: 'error' })).data
  const context = config?.contexts.find(({ name }) => name === config['current-context'])?.context
  const cluster = config?.clusters.find(({ name }) => name === context?.cluster)?.cluster
  if (cluster === undefined) return refuse(path)
  const authority = cluster['certificate-authority']
  if (typeof authority !== 'string') return cluster
  return { ...cluster, 'certificate-authority': resolve(dirname(path), authority) }
}

/** Writes a kubeconfig with one context, for its owner alone. */
export async function writeKubeconfig(path: string, cluster: object, token: string): Promise<void> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'demo', cluster }],
    users: [{ name: 'demo', user: { token } }],
    contexts: [{ name: 'demo', context: { cluster: 'demo', user: 'demo' } }],
    'current-context': 'demo',
  }
  await writeFile(path, JSON.stringify(config), { mode: 0o600 })
}

function refuse(path: string): never {
  throw new AppError('SETTING_INVALID', `expected ${path} to be a kubeconfig with a current context`)
}
