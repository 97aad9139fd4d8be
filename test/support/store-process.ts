import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const WRITER = fileURLToPath(new URL('store-writer.ts', import.meta.url))

/** A process that writes to a store until it is killed, and what it said. */
export class StoreProcess {
  readonly #child: ChildProcess
  #output = ''
  #waiting: { readonly isThere: () => boolean; readonly resolve: () => void } | undefined

  /** `maxKiB`: no file of the process may grow beyond this, as if the disk were full. */
  constructor(
    path: string,
    options: { readonly prefix: string; readonly most: number; readonly maxKiB?: number },
  ) {
    const node = [process.execPath, WRITER, path, options.prefix, String(options.most)]
    const limit = `trap '' XFSZ; ulimit -f ${options.maxKiB ?? 'unlimited'}; exec "$@"`
    this.#child = spawn('bash', ['-c', limit, 'bash', ...node], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#output += chunk
      if (this.#waiting?.isThere() === true) this.#waiting.resolve()
    })
  }

  /** Whole lines that came so far; what a killed process wrote half is not there. */
  get lines(): readonly string[] {
    return this.#output.split('\n').slice(0, -1)
  }

  /** Resolves when it said this line, or as many lines. */
  async said(what: string | number): Promise<void> {
    const isThere = () => (typeof what === 'number' ? this.lines.length >= what : this.lines.includes(what))
    if (isThere()) return
    await new Promise<void>((resolve) => {
      this.#waiting = { isThere, resolve }
    })
  }

  /** `kill -9`; resolves when it is gone and everything it said was read. */
  async kill(): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await closed
  }
}
