import type { TestProject } from 'vitest/node'

import { startApiServer } from './api-server.ts'
import { type Assets, findAssets } from './assets.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly assets: Assets
    /** Of the server that all files of the run share; each test uses names or a namespace of its own. */
    readonly kubeconfig: string
  }
}

/** Finds or builds the programs and starts the one API server of the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const assets = await findAssets(process.env)
  const server = await startApiServer(assets)
  project.provide('assets', assets)
  project.provide('kubeconfig', server.kubeconfig)
  return () => server.stop()
}
