import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** An agent that says all it can. */
export interface LoudAgent {
  readonly home: string
  readonly state: string
  /** Of the command line. */
  readonly args: readonly string[]
}

/** Where it goes, and who it is. */
export interface LoudAgentOptions {
  readonly server: string
  readonly id: string
  readonly token: string
  /** By their paths in the home. */
  readonly files?: Readonly<Record<string, string>>
}

/** Lays out a home and a token file in a folder. */
export async function layOutAgent(root: string, options: LoudAgentOptions): Promise<LoudAgent> {
  const { server, id, token, files = {} } = options
  const folder = join(root, id)
  const [home, state, tokenFile] = ['home', 'state', 'token'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await mkdir(home, { recursive: true, mode: 0o700 })
  await writeFile(tokenFile, token, { mode: 0o600 })
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(home, name)), { recursive: true, mode: 0o700 })
    await writeFile(join(home, name), text, { mode: 0o600 })
  }
  const loud = ['--output', 'json', '--log-format', 'json', '--log-level', 'trace']
  const flags = { server, 'token-file': tokenFile, home, state, 'device-id': id }
  const named = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])
  return { home, state, args: ['agent', ...loud, ...named] }
}
