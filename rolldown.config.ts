import { defineConfig } from 'rolldown'

// Everything the product needs at run time, dependencies included: the package and the image carry no node_modules.
// Commands stay separate chunks, so that the agent never loads the server.
export default defineConfig({
  input: { runtimeconfig: 'cli/main.ts' },
  platform: 'node',
  external: [/^node:/, 'bufferutil', 'utf-8-validate'],
  output: { dir: 'dist', format: 'esm', minify: false, cleanDir: true, chunkFileNames: 'chunks/[name]-[hash].js' },
})
