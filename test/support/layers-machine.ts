import { openTerminal, type Terminal } from './terminal.ts'

/** A machine with a home, a project and a folder that stands for `/etc/codex`. */
export interface LayersMachine extends AsyncDisposable {
  readonly terminal: Terminal
  /** Runs `layers` and what follows, in the project and with the machine's own administrator. */
  layers(line?: string, options?: LayersRun): ReturnType<Terminal['run']>
  /** The same as a program asks; it has to exit with 0 and write nothing to stderr. */
  json(line?: string, options?: LayersRun): Promise<unknown>
}

/** Under what circumstances it runs. */
export interface LayersRun {
  readonly columns?: number
  readonly stdin?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** Makes one with these files; `etc/…` are the administrator's, `app/…` those of the project that is worked in. */
export async function openLayersMachine(
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<LayersMachine> {
  const terminal = await openTerminal()
  await terminal.write('app/.git/HEAD', 'ref: refs/heads/main\n')
  for (const [name, text] of Object.entries(files)) await terminal.write(name, text)
  const run: LayersMachine['layers'] = (line = 'show', { columns = 120, stdin, environment } = {}) =>
    terminal.run(`layers ${line} --system-folder ${terminal.path('etc')}`, {
      cwd: terminal.path('app'),
      environment: { COLUMNS: String(columns), ...environment },
      ...(stdin === undefined ? {} : { stdin }),
    })
  return {
    terminal,
    layers: run,
    async json(line = 'show', options = {}) {
      const { code, stdout, stderr } = await run(`${line} --json`, options)
      if (code !== 0 || stderr !== '')
        throw new Error(`${line} exited with ${String(code)}: ${stderr}${stdout}`)
      return JSON.parse(stdout) as unknown
    },
    [Symbol.asyncDispose]: () => terminal[Symbol.asyncDispose](),
  }
}
