import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { type Ended, runCommand, runInShell, type RunningCommand } from '#test/support/installation.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { makeServiceAccount } from './service-account.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const NAMESPACE = 'runtimeconfig'
const NAME = 'runtimeconfig-runtime-config-operator'

/** A box of commands, and the heading that it stands below. */
interface Box {
  readonly heading: string
  readonly text: string
}

const boxes = readBoxes(await readFile(join(ROOT, 'docs', 'cluster.md'), 'utf8'))

// No pods run here: what the Deployment would run is started by hand, as the release's service account and with its keys.
describe('the commands of docs/cluster.md', () => {
  let server: ApiServer
  let folder: string
  let replica: RunningCommand | undefined

  beforeAll(async () => {
    server = await startApiServer(inject('assets'))
    folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-docs-'))
    for (const name of ['charts', 'examples']) await symlink(join(ROOT, name), join(folder, name))
    await mkdir(join(folder, 'bin'))
    const { kubectl, helm } = inject('assets')
    await symlink(kubectl, join(folder, 'bin', 'kubectl'))
    await symlink(helm, join(folder, 'bin', 'helm'))
  })
  afterAll(async () => {
    await replica?.kill('SIGTERM')
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it.each(boxes.map((box, at) => [at + 1, box.heading, box] as const))(
    'work one after the other: box %i, %s',
    async (_at, heading, { text }) => {
      // What a backup is for: without this the restore would have nothing to bring back.
      if (text.includes('without_versions')) await loseEverything()
      expect(await run(text)).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/error|fail/i) })
      if (text.includes('without_versions')) await expectRestored()
      if (heading === 'Install') replica ??= await startReplica()
    },
  )

  it('are there for everything that an administrator does', () => {
    const headings = new Set(boxes.map(({ heading }) => heading))
    const asked = ['Install', 'Upgrade', 'Back up', 'Rotate', 'Size', 'Uninstall']
    expect(asked.filter((heading) => !headings.has(heading))).toEqual([])
  })

  async function loseEverything(): Promise<void> {
    const deleted = await run(
      'kubectl delete userruntimeconfigs --all --all-namespaces\nkubectl delete users.agent.wecode.io --all\n' +
        `kubectl --namespace ${NAMESPACE} delete secrets --selector agent.wecode.io/kind`,
    )
    expect(deleted).toMatchObject({ code: 0 })
  }

  async function expectRestored(): Promise<void> {
    const asked = await run(
      'kubectl wait --for=condition=Ready users.agent.wecode.io/alice --timeout=60s\n' +
        'kubectl --namespace user-alice wait --for=condition=Ready userruntimeconfig/codex --timeout=60s\n' +
        `kubectl --namespace ${NAMESPACE} get secrets --selector agent.wecode.io/kind --output name\n` +
        'runtimeconfig token list',
    )
    expect(asked).toMatchObject({ code: 0, stdout: expect.stringContaining('laptop') })
  }

  function run(text: string): Promise<Ended> {
    // One shell for all boxes would hide which of them failed: what one exports is kept for the next in a file.
    const script = `set -euo pipefail\n[ ! -e exported ] || . ./exported\n${text}\nexport -p > exported\n`
    const path = `${join(folder, 'bin')}:${process.env['PATH']}`
    return runInShell(script, { cwd: folder, environment: { PATH: path, KUBECONFIG: server.kubeconfig } })
  }

  async function startReplica(): Promise<RunningCommand> {
    const account = await makeServiceAccount(server.kubeconfig, { namespace: NAMESPACE, name: NAME })
    const [keyring, signingKey] = [await mount('keyring.json'), await mount('signing-key.pem')]
    const started = await runCommand(
      [
        ['serve', '--listen', '127.0.0.1:0', '--output', 'json', '--log-format', 'json', '--replica', 'one'],
        ['--store', 'kubernetes', '--kubeconfig', account.kubeconfig, '--operator-namespace', NAMESPACE],
        ['--keyring', keyring, '--signing-key', signingKey],
      ].flat(),
    )
    const { address } = JSON.parse(started.firstLine) as { readonly address: string }
    await writeFile(join(folder, 'exported'), `export RUNTIMECONFIG_SERVER=${address}\n`)
    return started
  }

  /** Writes an entry of the release's Secret to a file, as the kubelet does. */
  async function mount(entry: string): Promise<string> {
    const path = `jsonpath='{.data.${entry.replace('.', String.raw`\.`)}}'`
    const { stdout } = await run(
      `kubectl --namespace ${NAMESPACE} get secret ${NAME}-keys --output ${path} | base64 --decode`,
    )
    const file = join(folder, `mounted-${entry}`)
    await writeFile(file, stdout)
    return file
  }
})

function readBoxes(page: string): readonly Box[] {
  let heading = ''
  return [...page.matchAll(/^#+ (?<heading>.+)$|^```sh\n(?<text>[\s\S]*?)^```$/gm)].flatMap(({ groups }) => {
    heading = groups?.['heading'] ?? heading
    const text = groups?.['text']
    return text === undefined ? [] : [{ heading, text }]
  })
}
