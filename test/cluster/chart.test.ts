import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { parseAllDocuments } from 'yaml'

import { KINDS } from '#crds/kinds.ts'
import { BUILT_IN_RUNTIMES } from '#crds/types/runtimes.generated.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { type Answer, runProgram } from './kubectl.ts'

const CHART = join(import.meta.dirname, '..', '..', 'charts', 'runtime-config-operator')

describe('the chart', () => {
  it('passes helm lint, strictly', async () => {
    const answer = await helm(['lint', '--strict', CHART])
    expect(answer.stdout).toContain('1 chart(s) linted, 0 chart(s) failed')
    expect(answer.code).toBe(0)
  })

  it('renders the built-in runtimes and nothing else', async () => {
    const rendered = await render()
    expect(rendered.map(({ kind, metadata, spec }) => ({ kind, name: metadata.name, spec }))).toEqual(
      BUILT_IN_RUNTIMES.map(({ kind, metadata, spec }) => ({ kind, name: metadata.name, spec })),
    )
  })

  it('leaves a runtime out that is switched off', async () => {
    const rendered = await render(['--set=runtimes.claude.enabled=false'])
    expect(rendered.map(({ metadata }) => metadata.name)).toEqual(['codex'])
  })

  it('puts the common labels beside the standard ones', async () => {
    const [runtime] = await render(['--set=commonLabels.team=red'])
    expect(runtime?.metadata.labels).toMatchObject({ team: 'red', 'app.kubernetes.io/managed-by': 'Helm' })
  })

  it.each([
    ['a value it does not know', '--set=replicas=3', "additional properties 'replicas' not allowed"],
    ['a switch that is a text', '--set-string=runtimes.codex.enabled=yes', '/runtimes/codex/enabled'],
    ['a label that is none', '--set=commonLabels.team=a b', '/commonLabels/team'],
  ])('refuses %s', async (_what, flag, words) => {
    const answer = await helm(['template', 'x', CHART, flag])
    expect(answer.code).not.toBe(0)
    expect(answer.stderr).toContain(words)
  })

  it('carries every definition', async () => {
    expect(await readdir(join(CHART, 'crds'))).toHaveLength(Object.keys(KINDS).length)
  })
})

describe('installed into an empty cluster, the chart', () => {
  let server: ApiServer

  beforeAll(async () => {
    server = await startApiServer(inject('assets'))
  })

  afterAll(() => server.stop())

  it('brings the kinds, the runtimes and a note', async () => {
    const installed = await onServer(['install', 'rc', CHART])
    expect(installed).toMatchObject({ code: 0 })
    expect(installed.stdout).toContain('the runtimes: claude codex')
    expect(await names('runtimes')).toEqual(['claude', 'codex'])
    expect(await names('crd')).toHaveLength(Object.keys(KINDS).length)
  })

  it('takes a runtime away on an upgrade that switches it off', async () => {
    expect(await onServer(['upgrade', 'rc', CHART, '--set=runtimes.claude.enabled=false'])).toMatchObject({
      code: 0,
    })
    expect(await names('runtimes')).toEqual(['codex'])
  })

  it('leaves the kinds, and the objects of others, when it is uninstalled', async () => {
    await onServer(['install', 'second', CHART, '--set=runtimes.codex.enabled=false'])
    expect(await onServer(['uninstall', 'rc'])).toMatchObject({ code: 0 })
    expect(await names('runtimes')).toEqual(['claude'])
    expect(await names('crd')).toHaveLength(Object.keys(KINDS).length)
  })

  function onServer(args: readonly string[]): Promise<Answer> {
    return helm([...args, `--kubeconfig=${server.kubeconfig}`])
  }

  async function names(kind: string): Promise<readonly string[]> {
    const { stdout } = await runProgram([
      inject('assets').kubectl,
      `--kubeconfig=${server.kubeconfig}`,
      'get',
      kind,
      '--output=jsonpath={.items[*].metadata.name}',
    ])
    return stdout.split(' ').filter(Boolean)
  }
})

interface Rendered {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly spec: unknown
}

async function render(flags: readonly string[] = []): Promise<readonly Rendered[]> {
  const { stdout } = await helm(['template', 'x', CHART, ...flags])
  return parseAllDocuments(stdout)
    .map((document): Rendered | null => document.toJS())
    .filter((document) => document !== null)
}

function helm(args: readonly string[]): Promise<Answer> {
  return runProgram([inject('assets').helm, ...args])
}
