import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

import { PRODUCT_FLAGS } from '#bench/pinned.ts'
import { median, type Measured, type Row, type RunSetting } from '#bench/row.ts'

const ROUNDS = 7
const IDLE_MS = 3000

/** From starting the process to its first HTTP answer, and its resident memory when idle; bare express beside it. */
export const coldStart: Row = {
  name: 'cold-start',
  async run({ pinned, progress }: RunSetting): Promise<readonly Measured[]> {
    const ours = { ms: [] as number[], mib: [] as number[] }
    const bare = { ms: [] as number[], mib: [] as number[] }
    for (let round = 0; round < ROUNDS; round += 1) {
      progress(`cold start: round ${round + 1} of ${ROUNDS}`)
      record(bare, await startOnce(bareCommand(), '/same', pinned))
      const data = await mkdtemp(join(tmpdir(), 'runtimeconfig-bench-cold-'))
      record(ours, await startOnce(oursCommand(data), '/livez', pinned))
      await rm(data, { recursive: true, force: true })
    }
    const floorName = 'bare express'
    return [
      {
        name: 'cold start of serve to the first answer',
        unit: 'ms',
        ours: median(ours.ms),
        floor: median(bare.ms),
        floorName,
        target: { of: 'value', bound: 'atMost', limit: 600 },
        more: { rounds: ROUNDS, store: 'empty, keys made' },
      },
      {
        name: 'idle memory of serve',
        unit: 'MiB',
        ours: median(ours.mib),
        floor: median(bare.mib),
        floorName,
        target: { of: 'value', bound: 'atMost', limit: 110 },
        more: { rounds: ROUNDS },
      },
    ]
  },
}

interface Started {
  readonly ms: number
  readonly mib: number
}

function record(into: { ms: number[]; mib: number[] }, { ms, mib }: Started): void {
  into.ms.push(ms)
  into.mib.push(mib)
}

function oursCommand(data: string): readonly string[] {
  const bundle = new URL('../../dist/runtimeconfig.js', import.meta.url).pathname
  return [
    bundle,
    'serve',
    '--data',
    data,
    '--listen',
    '127.0.0.1:0',
    '--output',
    'json',
    '--log-level',
    'warn',
  ]
}

function bareCommand(): readonly string[] {
  return [new URL('../servers/bare-express-alone.ts', import.meta.url).pathname]
}

async function startOnce(command: readonly string[], path: string, pinned: boolean): Promise<Started> {
  const [program, ...args] = pinned
    ? ['taskset', '-c', '0', process.execPath, ...PRODUCT_FLAGS, ...command]
    : [process.execPath, ...PRODUCT_FLAGS, ...command]
  const startedAt = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { address } = JSON.parse(line) as { readonly address: string }
  await (await fetch(`${address}${path}`)).text()
  const ms = performance.now() - startedAt
  await sleep(IDLE_MS)
  const mib = await residentMib(child.pid ?? 0)
  child.kill('SIGTERM')
  await once(child, 'exit')
  return { ms, mib }
}

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}
