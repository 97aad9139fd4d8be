import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { matchesHost } from '#layers/requirements/host-patterns.ts'
import { readVectors, type Vector } from '#test/layers/vectors.ts'

import { whatIsMissing } from './sandbox.ts'

interface Host {
  readonly kernel: string
  readonly etcHosts: string
}

type Case = Vector<{ readonly host: Host }, { readonly matches: Readonly<Record<string, boolean>> }>

const NAME_SERVER = new URL('name-server.ts', import.meta.url).pathname

// Asks twice: a process looks its name up once.
const ASK = `
  const { machineHostName } = await import('#layers/sources/host-name.ts')
  await machineHostName().resolve()
  console.log(JSON.stringify(await machineHostName().resolve()))`

const INSIDE = `
  set -e
  hostname "$1"
  mount --bind "$2/hosts" /etc/hosts
  mount --bind "$2/resolv.conf" "$(readlink -f /etc/resolv.conf)"
  ip link set lo up
  "$3" "$4" "$2/asked" </dev/null >/dev/null &
  server=$!
  until [ -e "$2/asked" ]; do sleep 0.05; done
  "$3" --input-type=module -e "$5"
  kill "$server"`

/** What a machine of that name calls itself, and the names that it asked a name server for. */
function askAs({ kernel, etcHosts }: Host): {
  readonly name: string | null
  readonly asked: readonly string[]
} {
  const folder = mkdtempSync(join(tmpdir(), 'host-name-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  writeFileSync(join(folder, 'hosts'), etcHosts)
  writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n')
  const inside = ['sh', '-c', INSIDE, 'sh', kernel, folder, process.execPath, NAME_SERVER, ASK]
  const said = execFileSync('unshare', ['-rmun', '--propagation', 'private', ...inside], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin` },
  })
  const asked = readFileSync(join(folder, 'asked'), 'utf8').split('\n')
  return { name: JSON.parse(said) as string | null, asked: asked.filter((name) => name !== '') }
}

describe('the name of a real machine', () => {
  beforeAll(() => {
    const missing = whatIsMissing()
    if (missing !== null) throw new Error(missing)
  })

  it.each(readVectors<Case>('hostname-patterns'))(
    'fits the patterns recorded as: $name',
    ({ input, expected }) => {
      const { name } = askAs(input.host)
      const matches = Object.keys(expected.matches).map((pattern) => [
        pattern,
        matchesHost(pattern, name ?? ''),
      ])
      expect(Object.fromEntries(matches)).toEqual(expected.matches)
    },
  )

  it('is the one that the hosts file maps a qualified name to', () => {
    const etcHosts = '127.0.0.1 localhost\n127.0.1.1 other.example.com host.dom.example\n'
    expect(askAs({ kernel: 'host.dom.example', etcHosts })).toEqual({ name: 'other.example.com', asked: [] })
  })

  it('is asked for once in a process: one look-up, a question for each kind of address', () => {
    expect(askAs({ kernel: 'lazy-1', etcHosts: '127.0.0.1 localhost\n' })).toEqual({
      name: 'lazy-1',
      asked: ['lazy-1', 'lazy-1'],
    })
  })
})
