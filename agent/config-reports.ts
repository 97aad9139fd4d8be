import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

import type { WireConfigLayer } from '#protocol/config-report.ts'

import { CommandFailure } from './command-failure.ts'
import type { ConfigReading, ConfigSource } from './config-layers.ts'
import { stampOf } from './config-stamps.ts'
import type { Home } from './home.ts'
import type { AgentLogger } from './ports.ts'
import type { AgentRuntime } from './runtimes.ts'
import { locate, namesInside } from './target-path.ts'

interface Known {
  readonly source: string
  readonly reading: ConfigReading
}

type Report = Readonly<Record<string, readonly WireConfigLayer[]>>

/**
 * Reports which layers of configuration this device has, by their versions alone. Nothing is read while the files are as they
 * were, and what reads them is not even loaded before a runtime with a config file is assigned.
 */
export class ConfigReports {
  readonly #home: Home
  readonly #logger: AgentLogger
  readonly #known = new Map<string, Known>()
  #runtimes: readonly AgentRuntime[] = []
  #isBusy = false

  constructor(home: Home, logger: AgentLogger) {
    this.#home = home
    this.#logger = logger
  }

  /** Takes what the server assigned. What is known already is looked at again, and read again only if it changed. */
  assign(runtimes: readonly AgentRuntime[]): void {
    this.#runtimes = runtimes.filter(({ config }) => config !== null)
    const names = new Set(this.#runtimes.map(({ name }) => name))
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name)
  }

  /** What heartbeats carry: one entry for each runtime that was read; `null` when none was. */
  report(): Report | null {
    if (this.#known.size === 0) return null
    return Object.fromEntries([...this.#known].map(([name, { reading }]) => [name, reading.layers]))
  }

  /** Reads again what changed. Never rejects. @returns whether the report is another one now */
  async refresh(): Promise<boolean> {
    if (this.#isBusy) return false
    this.#isBusy = true
    const before = this.report()
    for (const runtime of this.#runtimes) await this.#look(runtime)
    this.#isBusy = false
    return !isDeepStrictEqual(this.report(), before)
  }

  async #look(runtime: AgentRuntime): Promise<void> {
    const source = this.#find(runtime)
    if (source === null) {
      this.#known.delete(runtime.name)
      return
    }
    const key = JSON.stringify(source)
    const known = this.#known.get(runtime.name)
    if (known?.source === key && isCurrent(known.reading)) return
    const reading = await this.#read(source)
    // The server may have taken the runtime back meanwhile.
    if (this.#runtimes.includes(runtime)) this.#known.set(runtime.name, { source: key, reading })
  }

  async #read(source: ConfigSource): Promise<ConfigReading> {
    const file = join(source.folder, source.name)
    const stamps = new Map([[file, stampOf(file)]])
    try {
      const { readConfigLayers } = await import('./config-layers.ts')
      return await readConfigLayers(source)
    } catch (error) {
      this.#warn(source.runtime, error)
      return { layers: [], stamps }
    }
  }

  /** Where the config file is, under the rules for login files; `null`: nowhere inside the home directory. */
  #find({ name: runtime, config }: AgentRuntime): ConfigSource | null {
    if (config === null) return null
    try {
      const { folder, name } = locate(this.#home, config.target)
      namesInside(this.#home, folder)
      return { runtime, format: config.format, folder, name, homeFolder: this.#home.folder }
    } catch (error) {
      if (!(error instanceof CommandFailure)) this.#warn(runtime, error)
      return null
    }
  }

  // Logins must be looked after whatever is the matter with a configuration. What was thrown may quote it.
  #warn(runtime: string, error: unknown): void {
    const kind = error instanceof Error ? error.name : typeof error
    this.#logger.warn({ runtime, kind }, 'the layers of a configuration cannot be told')
  }
}

function isCurrent({ stamps }: ConfigReading): boolean {
  for (const [path, stamp] of stamps) if (stampOf(path) !== stamp) return false
  return true
}
