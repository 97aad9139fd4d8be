import { describe, expect, it } from 'vitest'

import { aFolder } from '#test/support/command-devices.ts'
import { FULL_DISK, READ_ONLY_HOME, WRITERS, writeThere } from '#test/support/cramped-home.ts'

describe.each(WRITERS)('%s', (_title, writer) => {
  it.each([
    ['on a full disk', FULL_DISK],
    ['in a read-only home directory', READ_ONLY_HOME],
  ])('says clearly why it cannot write %s, and leaves no file', async (_where, cramped) => {
    using place = aFolder()

    expect(await writeThere(writer, cramped, place.path)).toEqual({
      answer: {
        exitCode: 74,
        line: { status: 'failed', runtime: 'codex', path: '~/.codex/auth.json', error: cramped.error },
      },
      left: '',
    })
  })
})
