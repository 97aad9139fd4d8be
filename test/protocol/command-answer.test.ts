import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readCommandAck } from '#protocol/command-answer.ts'

const NO_PYTHON =
  'python3 is not installed on the device or not in the PATH of its executor; install Python 3.8 or newer'

// As a real executor answered.
function anAck(overrides: object = {}): object {
  return {
    duration: 0.006536,
    exit_code: 0,
    stderr: '',
    stderr_truncated: false,
    stdout: '{"status": "written", "runtime": "codex", "path": "~/.codex/auth.json"}\n',
    stdout_truncated: false,
    success: true,
    timed_out: false,
    ...overrides,
  }
}

function anAnswer(overrides: object = {}): object {
  return {
    status: 'written',
    path: '~/.codex/auth.json',
    content: null,
    error: null,
    exitCode: 0,
    durationMs: 7,
    isTruncated: false,
    probe: null,
    ...overrides,
  }
}

const FAILED = { status: 'failed', path: null }

describe('the answer of a device', () => {
  it('is what its result line says', () => {
    expect(readCommandAck(anAck())).toEqual(anAnswer())
  })

  it('finds the result line behind the greeting of a shell', () => {
    const stdout = 'welcome\n{"not": "it"}\n{"status":"skipped_existing","path":"~/x"}\n\n'

    expect(readCommandAck(anAck({ stdout }))).toEqual(anAnswer({ status: 'skipped_existing', path: '~/x' }))
  })

  it('carries content byte for byte', () => {
    const stdout = JSON.stringify({ status: 'read', path: '~/x', content: '{"a":"é"}\r\n' })

    expect(readCommandAck(anAck({ stdout }))).toEqual(
      anAnswer({ status: 'read', path: '~/x', content: '{"a":"é"}\r\n' }),
    )
  })

  it('carries what a device found when it tried a proxy', () => {
    const probe = {
      isReachable: true,
      isConnectAccepted: false,
      isAuthenticated: null,
      isTlsIntact: null,
      message: 'm',
    }
    const stdout = JSON.stringify({ status: 'probed', probe })

    expect(readCommandAck(anAck({ stdout }))).toEqual(anAnswer({ status: 'probed', path: null, probe }))
  })

  it("passes on the device's own words and drops content that comes with a failure", () => {
    const line = {
      status: 'failed',
      path: '~/x',
      error: 'runtime auth file does not exist',
      content: 'secret',
    }
    const ack = anAck({ success: false, exit_code: 66, stdout: JSON.stringify(line) })

    expect(readCommandAck(ack)).toEqual(
      anAnswer({ status: 'failed', path: '~/x', error: 'runtime auth file does not exist', exitCode: 66 }),
    )
  })

  it('cuts long words short and takes control characters out', () => {
    const stdout = JSON.stringify({ status: 'failed', error: `a\u001b[31m\n${'x '.repeat(9999)}` })
    const error = readCommandAck(anAck({ success: false, exit_code: 74, stdout }))?.error ?? ''

    expect([error.length, error.slice(0, 8)]).toEqual([500, 'a [31m x'])
  })

  it('cuts between words, so that nothing is left of a secret that stands at the cut', () => {
    const words = 'w '.repeat(245)
    const stdout = JSON.stringify({ status: 'failed', error: `${words}http://user:password@proxy:1` })
    const ack = anAck({ success: false, exit_code: 74, stdout })

    expect(readCommandAck(ack)?.error).toBe(`${words}…`)
  })

  it.each([
    [
      'the program is not there',
      { success: false, error: 'No such file or directory (os error 2)', exit_code: null, stdout: '' },
      { error: NO_PYTHON, exitCode: null },
    ],
    [
      'a shell did not find the program',
      { success: false, exit_code: 127, stdout: '', stderr: 'sh: python3: not found' },
      { error: NO_PYTHON, exitCode: 127 },
    ],
    [
      'the content was too long for one environment string',
      { success: false, error: 'Argument list too long (os error 7)', exit_code: null, stdout: '' },
      { error: 'the auth document is too long for one environment string on the device', exitCode: null },
    ],
    [
      'it took too long',
      {
        success: false,
        timed_out: true,
        error: 'Command timed out after 1 seconds',
        exit_code: null,
        stdout: '',
      },
      { error: 'Command timed out after 1 seconds', exitCode: null },
    ],
    [
      'it took too long and said nothing',
      { success: false, timed_out: true, exit_code: null, stdout: '' },
      { error: 'the device stopped the command after its time limit', exitCode: null },
    ],
    [
      'its answer was cut short',
      { stdout: '{"status":"read","content":"sec', stdout_truncated: true },
      { error: 'the device cut its answer short because it is longer than the limit', isTruncated: true },
    ],
    [
      'it printed something else',
      { stdout: 'total 12\ndrwxr-xr-x 2 root root 4096 .\n' },
      { error: 'the device answered without a result' },
    ],
    [
      'it ended with a code and no result',
      { success: false, exit_code: 1, stdout: '' },
      { error: 'the command ended with exit code 1 and no result', exitCode: 1 },
    ],
    [
      'something only the executor understands happened',
      { success: false, exit_code: null, stdout: '', error: 'sandbox refused' },
      { error: 'sandbox refused', exitCode: null },
    ],
    [
      'it claims success in the line and failure beside it',
      { success: false, exit_code: 1, stdout: '{"status":"written"}' },
      { error: 'the command ended with exit code 1 and no result', exitCode: 1 },
    ],
  ])('says in a sentence what to do when %s', (_why, ack, answer) => {
    expect(readCommandAck(anAck(ack))).toEqual(anAnswer({ ...FAILED, ...answer }))
  })

  it('never quotes output that is no result', () => {
    const ack = anAck({ success: false, exit_code: 1, stdout: '{"token":"secret"}', stderr: 'secret' })

    expect(JSON.stringify(readCommandAck(ack))).not.toContain('secret')
  })

  it('is none when the ack is none', () => {
    const acks = [undefined, null, 'ok', 1, [], {}, { success: 'yes' }, { success: true, stdout: 5 }]

    expect(acks.map((ack) => readCommandAck(ack))).toEqual(acks.map(() => null))
  })

  it('survives every garbage', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), (value, stdout) => {
        readCommandAck(value)
        expect(readCommandAck(anAck({ stdout }))).toMatchObject({ status: 'failed' })
      }),
    )
  })

  it('98: reads an answer of 2 MB', () => {
    const content = 'x'.repeat(2_000_000)

    expect(readCommandAck(anAck({ stdout: JSON.stringify({ status: 'read', content }) }))).toMatchObject({
      status: 'read',
      content,
    })
  })

  it.each([
    ['followed by more than a device is asked to send', `{"status":"written"}\n${' '.repeat(2_097_152)}`],
    ['only the end of a line', `${'x'.repeat(2_097_152)}{"status":"written"}`],
    ['what is left of a line that is too long', `x${'{"status":"written"}'.padStart(2_097_152)}`],
    ['followed by too many lines', `{"status":"written"}${'\n'.repeat(50)}`],
  ])('finds no result that is %s', (_what, stdout) => {
    expect(readCommandAck(anAck({ stdout }))).toMatchObject({
      status: 'failed',
      error: 'the device answered without a result',
    })
  })

  it.each([
    ['followed by as many lines as are looked at', `{"status":"written"}${'\n'.repeat(49)}`],
    ['followed by a long line', `{"status":"written"}\n${' '.repeat(2_097_000)}`],
    ['after ten million characters', `${'x\n'.repeat(5_000_000)}{"status":"written"}`],
    ['after an empty line', '\n{"status":"written"}'],
  ])('finds a result that is %s', (_what, stdout) => {
    expect(readCommandAck(anAck({ stdout }))).toMatchObject({ status: 'written' })
  })
})
