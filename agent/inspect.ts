import type { WireFileReport } from '#protocol/heartbeat.ts'

import type { AuthFacts } from './auth-facts.ts'
import { CommandFailure } from './command-failure.ts'
import type { Home } from './home.ts'
import type { RunningProcess } from './ports.ts'
import { readAuthFile } from './read-auth-file.ts'
import type { AgentRuntime } from './runtimes.ts'
import { countSessions } from './sessions.ts'
import { lookFor, type Sighting } from './sighting.ts'
import type { Location } from './target-path.ts'
import type { WrittenFiles } from './written-files.ts'

/** What a report is made with; handed out at registration. */
export interface Assignment {
  readonly runtimes: readonly AgentRuntime[]
  /** `null`: the server gave no key, so nothing is said about contents. */
  readonly facts: AuthFacts | null
}

type ContentReport = Pick<WireFileReport, 'digest' | 'last_written_digest' | 'account' | 'last_refresh'>

const NOTHING_SAID: ContentReport = {
  digest: null,
  last_written_digest: null,
  account: null,
  last_refresh: null,
}

/** Reports the auth files of this device. Reads a file only when something about it changed since the last look. */
export class Inspector {
  readonly #home: Home
  readonly #written: WrittenFiles
  readonly #seen = new Map<string, { readonly signature: string; readonly content: ContentReport }>()
  #assignment: Assignment = { runtimes: [], facts: null }

  constructor(home: Home, written: WrittenFiles) {
    this.#home = home
    this.#written = written
  }

  /** Takes what the server assigned; everything is looked at afresh. */
  assign(assignment: Assignment): void {
    this.#assignment = assignment
    this.#seen.clear()
    for (const { name, target } of assignment.runtimes) this.#written.know(name, target)
  }

  get assignment(): Assignment {
    return this.#assignment
  }

  /** Names of the runtimes this device looks after. */
  get runtimeNames(): readonly string[] {
    return this.#assignment.runtimes.map(({ name }) => name)
  }

  /** Says whether anything about the files changed, by comparing the result with an earlier one. */
  signature(): string {
    return this.#assignment.runtimes.map(({ target }) => lookFor(this.#home, target).signature).join('\n')
  }

  /** One entry per assigned runtime, as heartbeats carry it. */
  report(processes: readonly RunningProcess[] | null): Record<string, WireFileReport> {
    return Object.fromEntries(
      this.#assignment.runtimes.map((runtime) => [
        runtime.name,
        { ...this.#reportOf(runtime), sessions: sessionsOf(runtime, processes) },
      ]),
    )
  }

  #reportOf(runtime: AgentRuntime): WireFileReport {
    const sighting = lookFor(this.#home, runtime.target)
    if (sighting.kind === 'unknown') {
      return { target_path: runtime.target.targetPath, exists: null, error: sighting.error }
    }
    const content = this.#contentOf(runtime, sighting)
    const target_path = sighting.location.shownPath
    if (sighting.kind === 'absent') return { target_path, exists: false, ...content }
    const { mode, size, mtimeMs } = sighting.stats
    return {
      target_path,
      exists: true,
      mode: Number(mode & 0o7777n),
      size: Number(size),
      modified_at: Number(mtimeMs),
      ...content,
    }
  }

  #contentOf(runtime: AgentRuntime, sighting: Sighting & { readonly location: Location }): ContentReport {
    const seen = this.#seen.get(runtime.name)
    if (seen?.signature === sighting.signature) return seen.content
    const text = sighting.kind === 'absent' ? null : this.#textOf(sighting.location)
    const content = this.#describe(runtime, text)
    this.#seen.set(runtime.name, { signature: sighting.signature, content })
    return content
  }

  #describe({ name, fields }: AgentRuntime, text: string | null): ContentReport {
    const { facts } = this.#assignment
    if (facts === null) return NOTHING_SAID
    this.#written.settle(name, text, facts)
    const last_written_digest = this.#written.digest(name, facts)
    const digest = text === null ? null : facts.digestOf(text)
    if (text === null || digest === null) return { ...NOTHING_SAID, last_written_digest }
    return {
      digest,
      last_written_digest,
      account: facts.accountOf(text, fields),
      last_refresh: facts.lastRefreshOf(text, fields),
    }
  }

  // A folder, a pipe, a file that may not be read: it exists, and that is all there is to say.
  #textOf(location: Location): string | null {
    try {
      return readAuthFile(this.#home, location).bytes.toString()
    } catch (error) {
      if (error instanceof CommandFailure) return null
      throw error
    }
  }
}

function sessionsOf(runtime: AgentRuntime, processes: readonly RunningProcess[] | null): number | null {
  if (processes === null || runtime.processName === null) return null
  return countSessions(processes, runtime.processName)
}
