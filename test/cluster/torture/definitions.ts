import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

import { parse } from 'yaml'

import type { Direct } from './direct.ts'

const FOLDER = new URL('../../../crds/', import.meta.url).pathname
const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

interface Definition {
  readonly metadata: { readonly name: string }
}

/** Installs the definitions and waits until the server serves them. */
export async function installDefinitions(direct: Direct): Promise<void> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.yaml'))
  for (const file of files) {
    const definition = parse(await readFile(join(FOLDER, file), 'utf8')) as Definition
    const { status, body } = await direct.call('POST', PATH, definition)
    if (status !== 201)
      throw new Error(`expected ${file} to be installed, got ${status} ${String(body['message'])}`)
    while (!(await isServed(direct, definition.metadata.name))) await pause(100)
  }
}

async function isServed(direct: Direct, name: string): Promise<boolean> {
  const { body } = await direct.call('GET', `${PATH}/${name}`)
  const status = (body['status'] ?? {}) as {
    readonly conditions?: readonly { type: string; status: string }[]
  }
  const isEstablished = status.conditions?.some(
    (each) => each.type === 'Established' && each.status === 'True',
  )
  if (isEstablished !== true) return false
  const [plural] = name.split('.')
  return (await direct.call('GET', `/apis/agent.wecode.io/v1/${String(plural)}?limit=1`)).status === 200
}
