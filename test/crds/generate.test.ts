import { describe, expect, it } from 'vitest'

import { generateFiles, staleFiles } from '#crds/generate.ts'

describe('the generated files', () => {
  it('are what the YAML says, none missing, none left over', async () => {
    expect(await staleFiles(await generateFiles())).toEqual([])
  })

  it('are named when they differ, are missing or are left over', async () => {
    const files = new Map(await generateFiles())
    files.set('crds/types/device.ts', 'changed by hand')
    files.set('crds/types/absent.ts', 'not written yet')
    files.delete('crds/types/user.ts')
    expect(await staleFiles(files)).toEqual([
      'crds/types/device.ts',
      'crds/types/absent.ts',
      'crds/types/user.ts',
    ])
  })

  it('say that they are generated, and from what', async () => {
    const files = await generateFiles()
    const banner = /^(\/\/|#) Generated from crds\/\S+ by `npm run generate`\. Do not edit\.\n/
    expect([...files].filter(([, text]) => !banner.test(text))).toEqual([])
  })

  it('have every field readonly', async () => {
    const files = await generateFiles()
    const types = [...files].filter(([path]) => /^crds\/types\/[a-z-]+\.ts$/.test(path))
    expect(types).toHaveLength(6)
    const fields = types.flatMap(([, text]) =>
      text.split('\n').filter((line) => /^ +[\w[][^*]*: /.test(line)),
    )
    expect(fields.length).toBeGreaterThan(80)
    expect(fields.filter((line) => !line.includes('readonly '))).toEqual([])
    expect(fields.filter((line) => /: (?!readonly ).+\[\]$/.test(line))).toEqual([])
  })
})
