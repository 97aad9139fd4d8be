#!/usr/bin/env -S node --max-semi-space-size=8
// The flag keeps what a burst of work leaves behind small: without it the young generation grows to 128 MiB and stays there.
// Runs the sources where they are (a clone), else the bundle beside this file (the package). Plain JavaScript that old
// releases of Node can read, so that they get a sentence instead of a syntax error.
import { existsSync } from 'node:fs'

const [major] = process.versions.node.split('.').map(Number)
const sources = new URL('../cli/main.ts', import.meta.url)
const bundle = new URL('main.js', import.meta.url)
if (major < 24) {
  process.stderr.write(
    `runtimeconfig needs Node 24 or newer and this is ${process.version}; in a clone, \`npm ci\` brings one: use \`npx runtimeconfig\`\n`,
  )
  process.exitCode = 69
} else {
  await import(existsSync(bundle) ? bundle.href : sources.href)
}
