import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..', '..')

/** One instruction of the Dockerfile. */
export interface Instruction {
  readonly name: string
  readonly text: string
}

/** The stages of the Dockerfile, first the one that builds. */
export async function readStages(): Promise<readonly (readonly Instruction[])[]> {
  const text = await readFile(join(ROOT, 'Dockerfile'), 'utf8')
  const lines = text.replaceAll('\\\n', ' ').split('\n')
  const stages: Instruction[][] = []
  for (const line of lines) {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (name === 'FROM') stages.push([])
    if (name !== '') stages.at(-1)?.push({ name, text: rest.trim() })
  }
  return stages
}

/** Tells which of these files Docker would send to the build: the last pattern that fits a file or a folder of it decides. */
export async function sentToBuild(paths: readonly string[]): Promise<readonly string[]> {
  const lines = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n')
  const rules = lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ isException: line.startsWith('!'), pattern: toPattern(line.replace(/^!/, '')) }))
  return paths.filter((path) => {
    const last = rules.findLast(({ pattern }) => pattern.test(path))
    return last === undefined || last.isException
  })
}

function toPattern(glob: string): RegExp {
  const source = glob
    .replaceAll('.', '\\.')
    .replaceAll('**/', '(?:.+/)?')
    .replaceAll('**', '.+')
    .replaceAll(/(?<![.)])\*/g, '[^/]*')
  return new RegExp(`^${source}(/.*)?$`)
}

/** What a container of the image sees as its file system, made by the steps of the Dockerfile. */
export interface Image {
  /** The folder of the file system. */
  readonly root: string
  readonly entrypoint: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  remove(): Promise<void>
}

/**
 * Does what the Dockerfile says without a container runtime: sends the files to a folder, builds there, copies what the last
 * stage copies. Stands in for the two base images: the modules and the Node of this repository, and the libraries it loads.
 */
export async function buildImage(): Promise<Image> {
  const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-image-'))
  const [build = [], last = []] = await readStages()
  const source = join(folder, 'source')
  const { stdout } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
  })
  for (const path of await sentToBuild(stdout.trim().split('\n'))) {
    await cp(join(ROOT, path), join(source, path), { recursive: true }).catch(ignoreMissing)
  }
  await symlink(join(ROOT, 'node_modules'), join(source, 'node_modules'))
  const command = build.findLast(({ name }) => name === 'RUN')?.text ?? ''
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`
  await run('sh', ['-c', command], { cwd: source, env: { ...process.env, PATH: path } })
  const root = join(folder, 'root')
  await addNode(root)
  await copyStage(last, { source, root })
  return {
    root,
    entrypoint: JSON.parse(textOf(last, 'ENTRYPOINT')) as string[],
    env: Object.fromEntries(
      textOf(last, 'ENV')
        .split(/\s+/)
        .map((pair) => pair.split('=') as [string, string]),
    ),
    user: textOf(last, 'USER'),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

interface Places {
  readonly source: string
  readonly root: string
}

async function copyStage(stage: readonly Instruction[], { source, root }: Places): Promise<void> {
  const workdir = join(root, textOf(stage, 'WORKDIR'))
  await mkdir(workdir, { recursive: true })
  for (const { text } of stage.filter(({ name }) => name === 'COPY')) {
    const paths = text.replace('--from=build ', '').split(/\s+/)
    const target = paths.pop() ?? ''
    for (const path of paths) {
      const from = join(source, path.replace(/^\/source\//, ''))
      const to = target.endsWith('/')
        ? join(workdir, target, path.split('/').at(-1) ?? '')
        : join(workdir, target)
      await cp(from, to, { recursive: true })
    }
  }
}

/** Node where the base image has it, with the libraries it is linked with, and the empty folders that are mounted over. */
async function addNode(root: string): Promise<void> {
  const { stdout } = await run('ldd', [process.execPath])
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path)
  await cp(process.execPath, join(root, 'nodejs', 'bin', 'node'))
  for (const library of libraries) await cp(library, join(root, library), { dereference: true })
  const folders = ['tmp', 'proc', 'dev', 'etc/runtime-config-operator', 'var/run/secrets']
  for (const name of folders) await mkdir(join(root, name), { recursive: true })
}

/** Tells whether this machine lets a process have a file system of its own, as containers have. */
export async function canIsolate(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false
  return run('unshare', ['--mount', 'true']).then(
    () => true,
    () => false,
  )
}

export interface ContainerOptions {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Folders of this machine by where the container sees them. */
  readonly mounts?: Readonly<Record<string, string>>
}

/**
 * Starts a process as a container of the image would be: only its files, read-only but for an empty /tmp, as its user, without
 * any capability or way to get one. Where the machine does not allow that: the same files and variables, unprotected.
 */
export async function startContainer(
  image: Image,
  { args, env = {}, mounts = {} }: ContainerOptions,
): Promise<ChildProcessWithoutNullStreams> {
  const all: Readonly<Record<string, string>> = { ...image.env, HOME: '/tmp', ...env }
  if (!(await canIsolate())) {
    const [, ...flags] = image.entrypoint
    const here = flags.map((flag) => (flag.startsWith('/') ? join(image.root, flag) : flag))
    const variables = Object.entries({ ...all, HOME: tmpdir() })
    const moved = variables.map(([name, value]) => [name, withoutMounts(value, mounts)])
    return spawn(process.execPath, [...here, ...args], { env: Object.fromEntries(moved) })
  }
  const [uid = '', gid = ''] = image.user.split(':')
  const steps = [
    'set -e',
    'mount --bind "$root" "$root"',
    ...Object.keys(mounts).map((path) => `mkdir -p "$root${path}"`),
    ...Object.entries(mounts).map(([path, from]) => `mount --bind -o ro '${from}' "$root${path}"`),
    'mount -o remount,ro,bind "$root"',
    'mount -t tmpfs -o mode=1777,size=16m tmpfs "$root/tmp"',
    'mount --rbind /proc "$root/proc"; mount --rbind /dev "$root/dev"',
    // The kernel takes every capability from a process that stops being root, and the flag above keeps it from getting one.
    `exec chroot --userspec=${uid}:${gid} --groups= "$root" "$@"`,
  ]
  return spawn(
    'setpriv',
    [
      '--no-new-privs',
      'unshare',
      '--mount',
      '--propagation=private',
      'sh',
      '-c',
      steps.join('\n'),
      'sh',
      ...image.entrypoint,
      ...args,
    ],
    { env: { ...all, PATH: `${all['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`, root: image.root } },
  )
}

/** Where a path really is that a mount shows elsewhere. */
function withoutMounts(value: string, mounts: Readonly<Record<string, string>>): string {
  const mount = Object.entries(mounts).find(([path]) => value.startsWith(`${path}/`))
  return mount === undefined ? value : value.replace(...mount)
}

function textOf(stage: readonly Instruction[], name: string): string {
  const found = stage.findLast((instruction) => instruction.name === name)
  if (found === undefined) throw new Error(`expected ${name} in the last stage of the Dockerfile`)
  return found.text
}

// A file may be listed by git and gone from the folder.
function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
}
