import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, constants, mkdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { buildOnce } from './build-once.ts'

const run = promisify(execFile)

export type Program = 'etcd' | 'kube-apiserver' | 'kubectl' | 'helm'

/** Where each program is on this machine. */
export type Assets = Readonly<Record<Program, string>>

interface Recipe {
  readonly program: Program
  /** A folder of `tools/`. */
  readonly module: string
  readonly package: string
  /** Measured on two cores with nothing cached. */
  readonly minutes: string
}

const RECIPES: readonly Recipe[] = [
  { program: 'etcd', module: 'etcd', package: 'go.etcd.io/etcd/server/v3', minutes: 'half a minute' },
  {
    program: 'kube-apiserver',
    module: 'kubernetes',
    package: 'k8s.io/kubernetes/cmd/kube-apiserver',
    minutes: '4 minutes',
  },
  {
    program: 'kubectl',
    module: 'kubernetes',
    package: 'k8s.io/kubernetes/cmd/kubectl',
    minutes: '1 minute',
  },
  { program: 'helm', module: 'helm', package: 'helm.sh/helm/v4/cmd/helm', minutes: '2 minutes' },
]

const ADVICE =
  'the cluster suite needs etcd, kube-apiserver, kubectl and helm: set KUBEBUILDER_ASSETS to a folder that holds them, or install Go 1.26 or newer and they are built once'

/**
 * Finds the programs: in the folder that `KUBEBUILDER_ASSETS` names, else built with Go into a cache outside the repository.
 * That folder usually has no helm; what it lacks is built too.
 */
export async function findAssets(environment: NodeJS.ProcessEnv): Promise<Assets> {
  const given = environment['KUBEBUILDER_ASSETS']
  const cache = environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const found = new Map<Program, string>()
  for (const recipe of RECIPES) {
    const present = given === undefined ? undefined : await executable(join(given, recipe.program))
    found.set(
      recipe.program,
      present ?? (await build(recipe, { environment, cache: join(cache, 'runtimeconfig', 'cluster') })),
    )
  }
  return Object.fromEntries(found) as Assets
}

interface Workshop {
  readonly environment: NodeJS.ProcessEnv
  readonly cache: string
}

async function build(recipe: Recipe, { environment, cache }: Workshop): Promise<string> {
  const module = join(import.meta.dirname, 'tools', recipe.module)
  const goMod = await readFile(join(module, 'go.mod'), 'utf8')
  const flags = ['-trimpath', '-ldflags', linkerFlags(goMod)]
  const identity = [goMod, await readFile(join(module, 'go.sum'), 'utf8'), ...flags].join('\n')
  const folder = join(cache, createHash('sha256').update(identity).digest('hex').slice(0, 16))
  const target = join(folder, recipe.program)
  const present = await executable(target)
  if (present !== undefined) return present
  await requireGo(environment)
  await mkdir(folder, { recursive: true })
  await buildOnce(target, {
    say: `building ${recipe.program} with Go, once, about ${recipe.minutes}`,
    command: ['go', 'build', ...flags, '-o', `${target}.new`, recipe.package],
    cwd: module,
    env: { ...environment, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOWORK: 'off' },
  })
  return target
}

/** An API server that does not know its version calls itself v0.0.0, which kubectl and helm refuse. */
function linkerFlags(goMod: string): string {
  const version = /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)/.exec(goMod)
  if (version === null) return '-s -w'
  const name = 'k8s.io/component-base/version.git'
  const [, full, major, minor] = version
  return `-s -w -X ${name}Version=${full} -X ${name}Major=${major} -X ${name}Minor=${minor}`
}

async function requireGo(environment: NodeJS.ProcessEnv): Promise<void> {
  const answer = await run('go', ['version'], { env: environment }).catch(() => ({ stdout: '' }))
  const version = /go(\d+)\.(\d+)/.exec(answer.stdout)
  if (version === null || Number(version[1]) !== 1 || Number(version[2]) < 26) throw new Error(ADVICE)
}

async function executable(path: string): Promise<string | undefined> {
  return access(path, constants.X_OK).then(
    () => path,
    () => undefined,
  )
}
