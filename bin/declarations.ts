import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, posix } from 'node:path'
import { promisify } from 'node:util'

const ROOT = new URL('../', import.meta.url).pathname

/**
 * Writes the types of `layers/library.ts` and of what it leads to, so that any resolution of modules finds them: imports are
 * relative and name JavaScript. Files that the library does not promise anything of are left out.
 *
 * @param folder where they are written, with the folders of `layers/`
 */
export async function writeDeclarations(folder: string): Promise<void> {
  const made = await mkdtemp(join(tmpdir(), 'runtimeconfig-types-'))
  try {
    const compiler = join(ROOT, 'node_modules/.bin/tsc')
    await promisify(execFile)(compiler, ['-p', join(ROOT, 'bin/library.tsconfig.json'), '--outDir', made])
    const waiting = ['library']
    const seen = new Set(waiting)
    for (const name of waiting) {
      const { text, imports } = withRelativeImports(name, await readFile(join(made, `${name}.d.ts`), 'utf8'))
      const path = join(folder, `${name}.d.ts`)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, text)
      waiting.push(...imports.filter((each) => !seen.has(each)))
      for (const each of imports) seen.add(each)
    }
  } finally {
    await rm(made, { recursive: true, force: true })
  }
}

/** @param name of the file without its ending, from the folder of the library */
function withRelativeImports(
  name: string,
  original: string,
): { readonly text: string; readonly imports: readonly string[] } {
  const imports: string[] = []
  const text = original.replaceAll(/'(?:#layers\/|(\.\/))([^']+)\.ts'/g, (_all, isBeside, path: string) => {
    const target = isBeside === undefined ? path : posix.join(posix.dirname(name), path)
    imports.push(target)
    const relative = posix.relative(posix.dirname(name), target)
    return `'${relative.startsWith('.') ? '' : './'}${relative}.js'`
  })
  return { text, imports }
}
