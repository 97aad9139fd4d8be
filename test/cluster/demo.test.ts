import { mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { openTerminal, refusal, type Terminal } from '#test/support/terminal.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { runProgram } from './kubectl.ts'

let terminal: Terminal

beforeAll(async () => {
  terminal = await openTerminal()
})
afterAll(() => terminal[Symbol.asyncDispose]())

/** What a demo leaves in its own folder for temporary files, and of processes. */
async function leftIn(path: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return [...(await readdir(path)), ...lines.filter((line) => line.includes(path))]
}

describe('demo --cluster', () => {
  it('plays the whole story in an API server of its own, and leaves nothing behind', async () => {
    const path = terminal.path('own')
    await mkdir(path)
    const environment = { TMPDIR: path, KUBEBUILDER_ASSETS: await programsFolder() }
    const document = (await terminal.json('demo --cluster', { environment })) as {
      readonly devices: readonly object[]
    }
    expect(document).toMatchObject({ passed: true })
    expect(document.devices).toHaveLength(4)
    expect(await leftIn(path)).toEqual([])
  })

  it('says how to get an API server when there is none', async () => {
    const { stderr } = await terminal.run('demo --cluster', {
      environment: { KUBEBUILDER_ASSETS: '/nowhere' },
    })
    expect(stderr).toBe(
      'error: expected etcd and kube-apiserver in /nowhere, as KUBEBUILDER_ASSETS says; name another folder, or a cluster with --kubeconfig FILE\n',
    )
    expect((await terminal.run('demo --cluster')).stderr).toContain(
      'or name a cluster with --kubeconfig FILE',
    )
  })

  it('refuses a cluster that nobody asked for', async () => {
    expect(await terminal.run('demo --kubeconfig x')).toEqual(
      refusal(64, '--kubeconfig is for --cluster; add that, or leave this out'),
    )
  })
})

describe('demo --cluster --kubeconfig', () => {
  let server: ApiServer

  beforeAll(async () => {
    server = await startApiServer(inject('assets'))
  })
  afterAll(() => server?.stop())

  it('plays in somebody’s cluster and takes everything away again', async () => {
    const before = await everything(server.kubeconfig)
    expect(await terminal.json(`demo --cluster --kubeconfig ${server.kubeconfig}`)).toMatchObject({
      passed: true,
    })
    expect(await everything(server.kubeconfig)).toEqual(before)
  })

  it('begins nothing where people are users', async () => {
    const folder = `${import.meta.dirname}/../../crds`
    await kubectl(server.kubeconfig, ['apply', '--server-side', '-f', folder])
    await kubectl(server.kubeconfig, ['wait', '--for=condition=Established', 'crd/users.agent.wecode.io'])
    const user = {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'User',
      metadata: { name: 'alice' },
      spec: { subject: 'alice', namespace: 'user-alice' },
    }
    await kubectl(server.kubeconfig, ['apply', '-f', '-'], JSON.stringify(user))
    const before = await everything(server.kubeconfig)
    const { code, stderr } = await terminal.run(`demo --cluster --kubeconfig ${server.kubeconfig}`)
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'error: this cluster has users of runtimeconfig already, whose operator the demo would get in the way of; name another with --kubeconfig FILE\n',
    })
    expect(await everything(server.kubeconfig)).toEqual(before)
  })
})

/** Everything that a demo could leave in a cluster. Without a controller manager, namespaces never finish to go. */
async function everything(kubeconfig: string): Promise<readonly string[]> {
  const kinds = ['crd', 'clusterrole', 'clusterrolebinding']
  const names = await kubectl(kubeconfig, ['get', kinds.join(','), '--output=name'])
  const query = '{range .items[?(@.status.phase=="Active")]}{.metadata.name}{"\\n"}{end}'
  const namespaces = await kubectl(kubeconfig, ['get', 'namespaces', `--output=jsonpath=${query}`])
  return [...names.split('\n'), ...namespaces.split('\n')].filter(Boolean).toSorted()
}

async function kubectl(kubeconfig: string, args: readonly string[], input = ''): Promise<string> {
  const answer = await runProgram([inject('assets').kubectl, `--kubeconfig=${kubeconfig}`, ...args], input)
  if (answer.code !== 0) throw new Error(answer.stderr)
  return answer.stdout
}

/** One folder with both programs, wherever each of them is. */
async function programsFolder(): Promise<string> {
  const folder = terminal.path('programs')
  await mkdir(folder)
  const assets = inject('assets')
  for (const name of ['etcd', 'kube-apiserver'] as const) await symlink(assets[name], join(folder, name))
  return folder
}
