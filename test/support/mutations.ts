import * as fc from 'fast-check'

import { KIND_NAMES, type KindName } from '#crds/kinds.ts'

import { aManifest, isManifest, type Manifest } from './manifests.ts'

export interface Mutant {
  readonly kind: KindName
  readonly manifest: Manifest
}

type Path = readonly (string | number)[]

interface Mutation {
  readonly at: number
  readonly how: 'replace' | 'remove' | 'add' | 'repeat'
  readonly value: unknown
}

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 31,
  1e21,
  '',
  ' ',
  'x',
  'X-',
  '~/x',
  '~/..',
  '/etc/x',
  '😀',
  'x\ny',
  'x'.repeat(64),
  'x'.repeat(254),
  'a'.repeat(64),
  '2026-11-21T10:00:00Z',
  '2026-02-29T10:00:00Z',
  'json',
  'http',
  [],
  [null],
  ['x', 'x'],
  [[]],
  {},
  { x: null },
  { __proto__x: 1 },
  JSON.parse('{"__proto__":{"x":1},"constructor":"x"}'),
]

// Which namespace an object is in is part of the request, not of the manifest alone.
const SPARED = new Set(['metadata', 'metadata.namespace'])

// A real API server takes a list where a text with a format belongs (kube-openapi reads it as bytes). Ours does not.
const TIME = /(At|Time)$/

/** Manifests with every field of their kind, some of them spoilt, as JSON would bring them. */
export function mutants(kinds: readonly KindName[] = KIND_NAMES): fc.Arbitrary<Mutant> {
  const mutation = fc.record({
    at: fc.nat(10_000),
    how: fc.constantFrom<Mutation['how']>('replace', 'replace', 'replace', 'remove', 'add', 'repeat'),
    value: fc.oneof(fc.constantFrom(...ODD_VALUES), fc.string({ unit: 'binary', maxLength: 8 })),
  })
  return fc
    .record({
      kind: fc.constantFrom(...kinds),
      mutations: fc.array(mutation, { minLength: 1, maxLength: 3 }),
    })
    .map(({ kind, mutations }) => ({
      kind,
      manifest: mutations.reduce((manifest, each) => mutate(manifest, each), aManifest(kind)),
    }))
}

function mutate(manifest: Manifest, mutation: Mutation): Manifest {
  const paths = pathsOf(manifest).filter((path) => !SPARED.has(path.join('.')))
  const path = paths[mutation.at % paths.length] ?? []
  if (Array.isArray(mutation.value) && TIME.test(String(path.at(-1)))) return manifest
  const changed = change(manifest, path, mutation)
  return isManifest(changed) ? changed : manifest
}

function change(value: unknown, path: Path, mutation: Mutation): unknown {
  const [step, ...rest] = path
  if (step === undefined) return applied(value, mutation)
  const isLast = rest.length === 0
  if (Array.isArray(value)) {
    if (isLast && mutation.how === 'remove') return value.toSpliced(Number(step), 1)
    return value.with(Number(step), change(value[Number(step)], rest, mutation))
  }
  if (!isManifest(value)) return value
  const entries = Object.entries(value).filter(([name]) => name !== step)
  if (isLast && mutation.how === 'remove') return Object.fromEntries(entries)
  return Object.fromEntries([...entries, [step, change(value[step], rest, mutation)]])
}

function applied(value: unknown, { how, value: odd }: Mutation): unknown {
  if (how === 'add' && isManifest(value)) return Object.fromEntries([...Object.entries(value), ['odd', odd]])
  if (how === 'add' && Array.isArray(value)) return [...value, odd]
  if (how === 'repeat' && Array.isArray(value)) return [...value, ...value]
  return odd
}

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (Array.isArray(value)) {
    return [path, ...value.flatMap((item, index) => pathsOf(item, [...path, index]))]
  }
  if (!isManifest(value)) return [path]
  return [path, ...Object.entries(value).flatMap(([name, field]) => pathsOf(field, [...path, name]))]
}
