import { readFileSync, writeFileSync } from 'node:fs'

const SOURCE = new URL('auth_file.py', import.meta.url)
const GENERATED = new URL('script.generated.ts', import.meta.url)

/** Turns the script into a TypeScript module, so that a bundle carries it without a file beside it. */
export function embedScript(python: string): string {
  const text = python
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll('\\', '\\\\')
    .replaceAll('`', '\\`')
    .replaceAll('${', '\\${')
  return [
    '/** The Python script executors that are not ours run. Made from auth_file.py by embed.ts; not edited by hand. */',
    `export const EXECUTOR_SCRIPT = \`${text.trim()}\n\``,
    '',
  ].join('\n')
}

// Run by a person after a change of the script; a test says when it was forgotten.
if (import.meta.main) writeFileSync(GENERATED, embedScript(readFileSync(SOURCE, 'utf8')))
