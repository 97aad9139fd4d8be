import { expect, it } from 'vitest'

import { readSecretText } from '#cli/input.ts'

it.each(['http://user:secret@proxy.example:3128', '{"token":"secret"}'])(
  'takes a secret typed as an argument for what it is, and does not repeat it: %s',
  async (typed) => {
    const refusal = await readSecretText(typed).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'REQUEST_MALFORMED' })
    expect(String(refusal)).not.toContain('secret@')
    expect(String(refusal)).not.toContain('token')
  },
)
