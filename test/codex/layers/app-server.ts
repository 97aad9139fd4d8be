import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'

import { type ExactJson, ExactNumber, exactAt, readExactJson } from './exact-json.ts'

const TIME_LIMIT_MS = 20_000
const CLIENT = '{"clientInfo":{"name":"layers-test","version":"1"}}'

/** A process that ended by itself. */
export interface Ended {
  readonly exit: number | null
  /** What it said on its way out, without colours. */
  readonly stderr: string
}

/** What a call came back with: one of the two. */
export interface Answer {
  readonly result?: ExactJson
  readonly error?: ExactJson
}

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

/** A running `codex app-server`: JSON, a line each way. Numbers arrive as they were spelled. */
export class AppServer {
  /** What it said without being asked, oldest first. */
  readonly notifications: ExactJson[] = []
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting = new Map<string, Waiting>()
  readonly #ended: Promise<Ended>
  #stderr = ''
  #rest = ''
  #lastId = 0

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    child.stderr.setEncoding('utf8').on('data', (part: string) => (this.#stderr += part))
    child.stdin.on('error', () => undefined)
    child.stdout.setEncoding('utf8').on('data', (part: string) => this.#takePart(part))
    this.#ended = new Promise((resolve) => {
      child.on('error', (error) => resolve({ exit: null, stderr: error.message }))
      child.on('close', (exit) => resolve({ exit, stderr: stripVTControlCharacters(this.#stderr).trim() }))
    })
    void this.#ended.then((ended) => this.#giveUp(new Error(`the process ended: ${JSON.stringify(ended)}`)))
  }

  /** The first exchange. Comes back with the end of the process if there is no second one. */
  async initialize(): Promise<Ended | null> {
    try {
      await this.call('initialize', CLIENT)
      this.#child.stdin.write('{"method":"initialized"}\n')
      return null
    } catch (error) {
      if (this.#child.exitCode === null && this.#child.signalCode === null) throw error
      return this.#ended
    }
  }

  /** Calls a method. `params` is sent as it is, so that a test decides how a number is spelled. */
  async call(method: string, params: string): Promise<Answer> {
    this.#lastId += 1
    const id = String(this.#lastId)
    const answer = new Promise<Answer>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    const timer = setTimeout(() => this.#tooLate(method), TIME_LIMIT_MS)
    this.#child.stdin.write(`{"id":${id},"method":"${method}","params":${params}}\n`)
    try {
      return await answer
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  /** Ends the process and whatever it started. */
  async close(): Promise<void> {
    this.#kill()
    await this.#ended
  }

  // Split by hand: a reader of lines would also end one at U+2028, which JSON allows inside a string.
  #takePart(part: string): void {
    const lines = part.split('\n')
    if (lines.length === 1) return void (this.#rest += part)
    lines[0] = this.#rest + (lines[0] ?? '')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') this.#take(line)
  }

  #take(line: string): void {
    const message = readExactJson(line)
    const id = exactAt(message, 'id')
    const waiting = id instanceof ExactNumber ? this.#waiting.get(id.source) : undefined
    if (waiting === undefined) return void this.notifications.push(message)
    const [result, error] = [exactAt(message, 'result'), exactAt(message, 'error')]
    waiting.resolve(error === undefined ? { result: result ?? null } : { error })
  }

  #tooLate(method: string): void {
    this.#giveUp(new Error(`${method}: no answer within ${String(TIME_LIMIT_MS)} ms`))
    this.#kill()
  }

  #giveUp(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
  }

  #kill(): void {
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // The group has ended already.
    }
  }
}
