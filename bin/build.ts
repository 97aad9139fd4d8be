import { chmod, copyFile, readFile, rm, writeFile } from 'node:fs/promises'

import { rolldown } from 'rolldown'

import { writeDeclarations } from './declarations.ts'

// Makes `dist/`: the package as it is shipped. Everything that is needed at run time is bundled, dependencies included;
// commands stay separate chunks, so that the agent never loads the server. `layers/` is in it once more as a library for
// other projects, with its types. `npm pack ./dist` makes the tarball.
const ROOT = new URL('../', import.meta.url)
const DIST = new URL('dist/', ROOT)
const COPIED = ['LICENSE', 'README.md', 'SECURITY.md', 'CHANGELOG.md'] as const
const SHIPPED_FIELDS = ['name', 'version', 'description', 'keywords', 'license', 'type'] as const

await rm(DIST, { recursive: true, force: true })
const bundle = await rolldown({
  input: { main: new URL('cli/main.ts', ROOT).pathname },
  platform: 'node',
  external: [/^node:/, 'bufferutil', 'utf-8-validate'],
})
await bundle.write({
  dir: DIST.pathname,
  format: 'esm',
  // Half a megabyte less text to keep in memory on every device.
  minify: true,
  chunkFileNames: 'chunks/[name]-[hash].js',
})
await bundle.close()

const library = await rolldown({
  input: { layers: new URL('layers/library.ts', ROOT).pathname },
  platform: 'node',
  external: [/^node:/],
})
await library.write({ dir: DIST.pathname, format: 'esm', codeSplitting: false })
await library.close()
await writeDeclarations(new URL('types', DIST).pathname)

const manifest = JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8')) as Record<string, unknown>
const shipped = Object.fromEntries(SHIPPED_FIELDS.map((field) => [field, manifest[field]]))
const own = {
  ...shipped,
  bin: { runtimeconfig: 'runtimeconfig.js' },
  exports: {
    './layers': { types: './types/library.d.ts', default: './layers.js' },
    './package.json': './package.json',
  },
  // The library needs 22; the command, which needs 24, says so itself.
  engines: { node: '>=22' },
}
await writeFile(new URL('package.json', DIST), `${JSON.stringify(own, null, 2)}\n`)
await copyFile(new URL('bin/runtimeconfig.js', ROOT), new URL('runtimeconfig.js', DIST))
await chmod(new URL('runtimeconfig.js', DIST), 0o755)
for (const file of COPIED) await copyFile(new URL(file, ROOT), new URL(file, DIST))
