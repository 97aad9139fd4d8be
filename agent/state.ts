import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

import * as z from 'zod/mini'

import { describeSystemError, systemCodeOf } from './command-failure.ts'
import type { AgentLogger } from './ports.ts'
import { replaceStateFile, STATE_FILE, STATE_TEMPORARY } from './state-file.ts'

const writtenMark = z.object({
  /** HMAC under the server's key for this device, as heartbeats report it. */
  digest: z.string(),
  /** Which key that was. */
  keyId: z.string(),
  /** Recognises the text also after the server's key changed. */
  local: z.object({ salt: z.string(), hash: z.string() }),
})

/** What is remembered of a text the agent wrote: digests of it, never the text. */
export type WrittenMark = z.infer<typeof writtenMark>

const runtimeMemory = z.object({
  /** Where its file is; a start looks there for what a killed writer left. */
  target: z.object({ targetPath: z.string(), homeVariable: z.nullable(z.string()) }),
  /** What was written last; `null`: nothing, or it was removed again. */
  written: z.nullable(writtenMark),
  /** What was about to be written; settled by looking at the file. */
  pending: z.nullable(writtenMark),
  /** The largest number of a document that was written, or about to be; stays when the file goes. Absent: none had one. */
  documentNumber: z.optional(z.number()),
})

/** What is remembered of one runtime. */
export type RuntimeMemory = z.infer<typeof runtimeMemory>

const stateFile = z.object({ deviceId: z.string(), runtimes: z.record(z.string(), runtimeMemory) })

interface Remembered {
  readonly deviceId: string
  readonly runtimes: ReadonlyMap<string, RuntimeMemory>
}

/**
 * What the agent remembers between starts, in a folder of its own (0700), written atomically.
 *
 * A folder that cannot be written costs the memory, not the agent: it says so once and goes on.
 */
export class AgentState {
  readonly #folder: string
  readonly #logger: AgentLogger
  #state: Remembered
  #isDirty = false
  #lastComplaint = ''

  private constructor(folder: string, logger: AgentLogger, state: Remembered) {
    this.#folder = folder
    this.#logger = logger
    this.#state = state
  }

  /** Reads the state, or starts a new one where there is none or it cannot be understood. */
  static open(folder: string, logger: AgentLogger): AgentState {
    const known = readState(folder, logger)
    const state = new AgentState(folder, logger, known ?? { deviceId: '', runtimes: new Map() })
    state.#sweep()
    return state
  }

  /**
   * The id this device goes by when it was given none: made once, then kept. Where it cannot be kept, one that comes out the
   * same at each start.
   */
  deviceId(): string {
    if (this.#state.deviceId !== '') return this.#state.deviceId
    const host =
      hostname()
        .replaceAll(/[^-.A-Za-z0-9]/g, '')
        .slice(0, 60) || 'device'
    const drawn = `${host}-${randomBytes(4).toString('hex')}`
    if (this.#save({ ...this.#state, deviceId: drawn })) return drawn
    const stable = createHash('sha256').update(`${host}\n${this.#folder}`).digest('hex').slice(0, 8)
    this.#state = { ...this.#state, deviceId: `${host}-${stable}` }
    return this.#state.deviceId
  }

  get runtimes(): ReadonlyMap<string, RuntimeMemory> {
    return this.#state.runtimes
  }

  /** Changes what is remembered of a runtime; nothing is written when it is the same as before. */
  remember(runtime: string, memory: RuntimeMemory): void {
    if (JSON.stringify(this.#state.runtimes.get(runtime)) === JSON.stringify(memory)) return
    this.#save({ ...this.#state, runtimes: new Map(this.#state.runtimes).set(runtime, memory) })
  }

  /** Waits until what is remembered is on disk. Left out of the way of a write: a kill cannot lose it, only a power cut. */
  flush(): void {
    if (this.#isDirty) this.#save(this.#state, { durable: true })
  }

  // What is remembered counts at once, kept on disk or not.
  #save(state: Remembered, { durable } = { durable: false }): boolean {
    this.#state = state
    this.#isDirty = !durable
    try {
      replaceStateFile(this.#folder, toText(state), { durable })
      this.#lastComplaint = ''
      return true
    } catch (error) {
      this.#complain(error)
      return false
    }
  }

  #complain(error: unknown): void {
    if (systemCodeOf(error) === null) throw error
    const reason = describeSystemError(error)
    if (reason === this.#lastComplaint) return
    this.#lastComplaint = reason
    this.#logger.warn(
      { folder: this.#folder, reason },
      'cannot keep state; files written here will count as foreign after a restart',
    )
  }

  #sweep(): void {
    try {
      const stale = readdirSync(this.#folder).filter((name) => STATE_TEMPORARY.test(name))
      for (const name of stale) rmSync(join(this.#folder, name), { force: true })
    } catch (error) {
      if (systemCodeOf(error) === null) throw error
    }
  }
}

function toText({ deviceId, runtimes }: Remembered): string {
  return `${JSON.stringify({ deviceId, runtimes: Object.fromEntries(runtimes) }, null, 2)}\n`
}

function readState(folder: string, logger: AgentLogger): Remembered | null {
  try {
    const { deviceId, runtimes } = z.parse(
      stateFile,
      JSON.parse(readFileSync(join(folder, STATE_FILE), 'utf8')),
    )
    return { deviceId, runtimes: new Map(Object.entries(runtimes)) }
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return null
    const reason = systemCodeOf(error) === null ? 'the file is damaged' : describeSystemError(error)
    logger.warn({ folder, reason }, 'cannot read state; files written here before count as foreign')
    return null
  }
}
