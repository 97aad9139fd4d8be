import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { GROUP } from '#crds/group.ts'
import { KIND_NAMES, KINDS } from '#crds/kinds.ts'
import { BUILT_IN_RUNTIMES } from '#crds/types/runtimes.generated.ts'
import { aManifest, type Manifest } from '#test/support/manifests.ts'

import { applyDefinitions, DEFINITIONS_FOLDER, kubectl } from './kubectl.ts'

beforeAll(() => applyDefinitions())

afterAll(async () => {
  await kubectl(['delete', 'urc,upc,dev', '--all', '--namespace=default'])
  await kubectl(['delete', 'rt,mrc,users.agent.wecode.io', '--all'])
})

describe('the definitions', () => {
  it('are taken without a warning', async () => {
    const applied = await kubectl([
      'apply',
      '--server-side',
      '--warnings-as-errors',
      '-f',
      DEFINITIONS_FOLDER,
    ])
    expect(applied).toMatchObject({ code: 0, stderr: '' })
    expect(applied.stdout.trim().split('\n')).toHaveLength(KIND_NAMES.length)
  })

  it.each(Object.values(KINDS))('$name is established, accepted and structural', async ({ plural }) => {
    const { stdout } = await kubectl(['get', 'crd', `${plural}.${GROUP}`, '--output=json'])
    const { status }: { status: { conditions: { type: string; status: string }[] } } = JSON.parse(stdout)
    const conditions = status.conditions.map(({ type, status }) => `${type} ${status}`).sort()
    expect(conditions).toEqual(['Established True', 'NamesAccepted True'])
  })

  it('appear in api-resources with their short names and scopes', async () => {
    const { stdout } = await kubectl(['api-resources', `--api-group=${GROUP}`, '--no-headers'])
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
    const expected = Object.values(KINDS).map(({ name, plural, shortNames, isNamespaced }) => {
      return [plural, shortNames, `${GROUP}/v1`, String(isNamespaced), name].flat()
    })
    expect(rows.map(String).toSorted()).toEqual(expected.map(String).toSorted())
  })

  it('belong to one category', async () => {
    const { stdout } = await kubectl(['api-resources', '--categories=runtimeconfig', '--output=name'])
    expect(stdout.trim().split('\n')).toHaveLength(KIND_NAMES.length)
  })
})

describe('kubectl explain', () => {
  it('describes the auth document of a runtime configuration', async () => {
    const { stdout } = await kubectl(['explain', 'urc.spec.auth'])
    const words = stdout.replaceAll(/\s+/g, ' ')
    for (const field of ['encryptedValue', 'removalPolicy', 'secretRef', 'targetPath', 'updatePolicy']) {
      expect(stdout).toContain(field)
    }
    expect(words).toContain('Policies may be set before a document is stored')
    expect(words).toContain('enum: IfMissing, IfStale')
  })
})

describe('the built-in runtimes', () => {
  it('apply as they are shipped', async () => {
    const applied = await kubectl(['apply', '--validate=strict', '-f', join(DEFINITIONS_FOLDER, 'runtimes')])
    expect(applied).toMatchObject({ code: 0, stderr: '' })
  })

  it('come back as the product knows them', async () => {
    const { stdout } = await kubectl(['get', 'runtimes', '--output=json'])
    const { items }: { items: { metadata: { name: string }; spec: unknown }[] } = JSON.parse(stdout)
    const kept = items.map(({ metadata, spec }) => ({ name: metadata.name, spec }))
    expect(kept).toEqual(BUILT_IN_RUNTIMES.map(({ metadata, spec }) => ({ name: metadata.name, spec })))
  })

  it('show their file and proxies', async () => {
    const { stdout } = await kubectl(['get', 'rt', 'codex'])
    expect(columns(stdout)).toEqual([
      ['NAME', 'DISPLAY', 'AUTH-FILE', 'PROXIES', 'AGE'],
      ['codex', 'Codex', '~/.codex/auth.json', '["http","https","socks5"]', expect.any(String)],
    ])
  })
})

describe('kubectl get', () => {
  beforeAll(async () => {
    for (const kind of ['UserRuntimeConfig', 'UserProxyConfig', 'Device'] as const) {
      await put(aManifest(kind))
    }
    await put(
      aManifest('Device', {
        metadata: { name: 'device-2' },
        spec: { deviceId: 'device-2', deviceType: 'cloud' },
      }),
    )
  })

  it('shows runtime configurations and devices of all namespaces', async () => {
    const { stdout } = await kubectl(['get', 'urc,dev', '--all-namespaces'])
    const [urc = '', dev = ''] = stdout.split('\n\n')
    expect(columns(urc)[0]).toEqual([
      'NAMESPACE',
      'NAME',
      'STORED',
      'READY',
      'ONLINE',
      'IN-SYNC',
      'MISSING',
      'FAILED',
      'AGE',
    ])
    expect(columns(urc)[1]?.slice(3, 8)).toEqual(['True', '2', '1', '1', '0'])
    expect(columns(dev)[0]).toEqual([
      'NAMESPACE',
      'NAME',
      'DEVICE',
      'NAME',
      'ONLINE',
      'RUNTIMES',
      'STATES',
      'SEEN',
      'AGE',
    ])
    expect(columns(dev)[1]?.slice(2, 7)).toEqual(['device-1', 'Laptop', 'True', 'codex', 'InSync'])
  })

  it('shows the masked proxy', async () => {
    const { stdout } = await kubectl(['get', 'upc', 'default'])
    expect(columns(stdout)[1]).toContain('http://***:***@127.0.0.1:7890')
  })

  it.each([
    ['urc', 'spec.runtime=codex', ['codex']],
    ['urc', 'spec.runtime!=codex', []],
    ['upc', 'status.maskedUrl=http://***:***@127.0.0.1:7890', ['default']],
    ['dev', 'spec.deviceId=device-2', ['device-2']],
    ['dev', 'spec.deviceType=local', ['device-1']],
    ['dev', 'status.gateway=replica-0', ['device-1', 'device-2']],
    ['rt', 'spec.displayName=Codex', ['codex']],
  ])('finds %s by %s', async (kind, selector, names) => {
    const { stdout } = await kubectl([
      'get',
      kind,
      '--namespace=default',
      `--field-selector=${selector}`,
      '--output=jsonpath={.items[*].metadata.name}',
    ])
    expect(stdout.split(' ').filter(Boolean)).toEqual(names)
  })

  it('refuses a field that is not selectable', async () => {
    const answer = await kubectl(['get', 'urc', '--field-selector=spec.suspend=true'])
    expect(answer.code).not.toBe(0)
    expect(answer.stderr).toContain('field label not supported: spec.suspend')
  })
})

describe('kubectl create', () => {
  it.each(KIND_NAMES)('takes a complete %s, strictly', async (kind) => {
    const { status: _, ...manifest } = aManifest(kind, { metadata: uniqueName(kind) })
    const answer = await kubectl(
      ['create', '--dry-run=server', '--validate=strict', '-f', '-'],
      JSON.stringify(manifest),
    )
    expect(answer).toMatchObject({ stderr: '', code: 0 })
  })

  it('says what to do about a manifest that breaks a rule', async () => {
    const manifest = aManifest('UserRuntimeConfig', { metadata: { name: 'claude' } })
    const answer = await kubectl(['create', '-f', '-'], JSON.stringify(manifest))
    expect(answer.code).toBe(1)
    expect(answer.stderr).toContain('so rename the object or change spec.runtime')
  })

  it('names an unknown field', async () => {
    const manifest = aManifest('Device', {
      metadata: { name: 'device-3' },
      spec: { deviceId: 'device-3', colour: 'red' },
    })
    const answer = await kubectl(['create', '--validate=strict', '-f', '-'], JSON.stringify(manifest))
    expect(answer.stderr).toContain('unknown field "spec.colour"')
  })
})

/** Writes an object and its status. */
async function put(manifest: Manifest): Promise<void> {
  const input = JSON.stringify(manifest)
  const spec = await kubectl(['apply', '-f', '-'], input)
  const status = await kubectl(['replace', '--subresource=status', '-f', '-'], input)
  if (spec.code !== 0 || status.code !== 0) throw new Error(spec.stderr + status.stderr)
}

// Runtime configurations and proxies are named by their rules; those names are free in a namespace without objects.
function uniqueName(kind: string): Manifest {
  if (kind === 'UserRuntimeConfig' || kind === 'UserProxyConfig' || kind === 'Device')
    return { namespace: 'kube-public' }
  return { name: 'another' }
}

function columns(table: string): readonly (readonly string[])[] {
  return table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/))
}
