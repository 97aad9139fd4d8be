import { readFile } from 'node:fs/promises'

import { AppError } from '#core/errors.ts'

/** What the chart lets the operator do: in all namespaces, and in its own. */
export interface Rules {
  readonly cluster: readonly object[]
  readonly namespace: readonly object[]
}

const FOLDER = new URL('../../../charts/runtime-config-operator/rules/', import.meta.url)

/** Reads the rules of the chart, as it renders them by default. @throws AppError `SETTING_INVALID` outside of a clone */
export async function readRules(): Promise<Rules> {
  const [cluster, secretRef, namespace] = await Promise.all(
    ['cluster', 'secret-ref', 'namespace'].map(readList),
  )
  return { cluster: [...(cluster ?? []), ...(secretRef ?? [])], namespace: namespace ?? [] }
}

async function readList(name: string): Promise<readonly object[]> {
  const { parse } = await import('yaml')
  try {
    return parse(await readFile(new URL(`${name}.yaml`, FOLDER), 'utf8')) as readonly object[]
  } catch (cause) {
    throw new AppError(
      'SETTING_INVALID',
      'expected the chart beside this program; play the demo in a cluster in a clone: npm run demo -- --cluster',
      { cause },
    )
  }
}
