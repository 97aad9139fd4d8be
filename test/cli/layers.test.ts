import { mkdir } from 'node:fs/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type LayersMachine, openLayersMachine } from '#test/support/layers-machine.ts'
import { refusal } from '#test/support/terminal.ts'

const USER = `# mine
model = "gpt-5.2"
approval_policy = "on-request"

[mcp_servers.docs]
command = "docs-server"
args = ["--port", "8931"]
env = { DOCS_TOKEN = "canary-1234" }
`

const FILES = {
  '.codex/config.toml': USER,
  'app/.codex/config.toml': 'model = "project-model"\n',
  'etc/config.toml': 'model = "system-model"\n',
  'etc/managed_config.toml': 'approval_policy = "never"\n',
  'etc/requirements.toml': 'allowed_sandbox_modes = ["read-only", "workspace-write"]\n',
  'other.toml': 'model = "gpt-5.2"\nweb_search = "live"\n',
  'settings.json': '{ "permissions": { "allow": ["Read"] } }',
  '.claude/settings.json': '{ "model": "opus", "permissions": { "allow": ["Bash(ls)"] } }',
}

const NOT_TRUSTED =
  'To load project-local config, hooks, and exec policies, add ~/app as a trusted project in ~/.codex/config.toml.'

let machine: LayersMachine
beforeAll(async () => {
  machine = await openLayersMachine(FILES)
})
afterAll(() => machine[Symbol.asyncDispose]())

/** What a command prints that ends well. */
async function printed(line?: string, columns?: number): Promise<string> {
  const run = await machine.layers(line, columns === undefined ? {} : { columns })
  expect([run.code, run.stderr]).toEqual([0, ''])
  return run.stdout
}

/** A JSON answer in which the home is `~`. */
async function answered(line?: string): Promise<unknown> {
  const text = JSON.stringify(await machine.json(line)).replaceAll(machine.terminal.home, '~')
  return JSON.parse(text) as unknown
}

const USER_ORIGIN = {
  name: { type: 'user', file: '~/.codex/config.toml' },
  version: 'sha256:06ef9bc88aaf2e86bcde0e01746e53eb01d0c747af74b4b7bc7eba7ace5cd8c4',
}
const MANAGED_ORIGIN = {
  name: { type: 'legacyManagedConfigTomlFromFile', file: '~/etc/managed_config.toml' },
  version: 'sha256:fb622b23fd11fdda0d0fa9b79e23134a92edc8755b5130aa08eeb43223386fb8',
}
const PROJECT_ORIGIN = {
  name: { type: 'project', dotCodexFolder: '~/app/.codex' },
  version: 'sha256:7b982d36cf3221527179c00ccce89dfd568caa61038015c79e58cf890717a324',
}
const SYSTEM_ORIGIN = {
  name: { type: 'system', file: '~/etc/config.toml' },
  version: 'sha256:7b53e8b38a4823730579d14de8d640d11c7c7e4725c9b1d2f25de93ae33d5ed3',
}

describe.concurrent('layers', () => {
  it('shows what applies, who says so and what that hides, then the layers and what is required', async () => {
    expect(await printed('-c model=flag-model', 150)).toBe(`\
KEY                              VALUE               LAYER          HIDES
model                            "flag-model"        session flags  "gpt-5.2" (user), "system-model" (system)
approval_policy                  "never"             managed        "on-request" (user)
mcp_servers.docs.command         "docs-server"       user
mcp_servers.docs.args            ["--port", "8931"]  user
mcp_servers.docs.env.DOCS_TOKEN  ••••                user

LAYER          PRECEDENCE  VERSION       STATE     FILE
managed        40          fb622b23fd11  in use    ~/etc/managed_config.toml
session flags  30          97a8e2767fa3  in use
project        25          7b982d36cf32  disabled  ~/app/.codex/config.toml
  ${NOT_TRUSTED}
user           20          06ef9bc88aaf  in use    ~/.codex/config.toml
system         10          7b53e8b38a48  in use    ~/etc/config.toml

REQUIREMENT                ALLOWED                     SOURCE
allowed_approval_policies  never                       ~/etc/managed_config.toml
allowed_sandbox_modes      read-only, workspace-write  ~/etc/requirements.toml

•••• is a secret; --show-secrets shows it
`)
  })

  it('keeps to the columns that there are, the ends of keys and the beginnings of values', async () => {
    expect(await printed('show', 60)).toBe(`\
KEY               VALUE            LAYER    HIDES
model             "gpt-5.2"        user     "system-model" …
approval_policy   "never"          managed  "on-request" (u…
…rs.docs.command  "docs-server"    user
…rvers.docs.args  ["--port", "89…  user
….env.DOCS_TOKEN  ••••             user

LAYER    PRECEDENCE  VERSION       STATE     FILE
managed  40          fb622b23fd11  in use    ~/etc/managed_config.toml
project  25          7b982d36cf32  disabled  ~/app/.codex/config.toml
  To load project-local config, hooks, and exec policies,
  add ~/app as a trusted project in ~/.codex/config.toml.
user     20          06ef9bc88aaf  in use    ~/.codex/config.toml
system   10          7b53e8b38a48  in use    ~/etc/config.toml

REQUIREMENT                ALLOWED               SOURCE
allowed_approval_policies  never                 ~/etc/managed_config.toml
allowed_sandbox_modes      read-only, workspac…  ~/etc/requirements.toml

•••• is a secret; --show-secrets shows it
`)
  })

  it('answers programs in a shape that stays, without secrets', async () => {
    const docs = { command: 'docs-server', args: ['--port', '8931'], env: { DOCS_TOKEN: '••••' } }
    expect(await answered()).toEqual({
      runtime: 'codex',
      cliVersion: '0.169.0',
      notice: null,
      config: { model: 'gpt-5.2', approval_policy: 'never', mcp_servers: { docs } },
      origins: {
        model: USER_ORIGIN,
        approval_policy: MANAGED_ORIGIN,
        'mcp_servers.docs.command': USER_ORIGIN,
        'mcp_servers.docs.args': USER_ORIGIN,
        'mcp_servers.docs.env.DOCS_TOKEN': USER_ORIGIN,
      },
      layers: [
        { ...MANAGED_ORIGIN, precedence: 40, state: 'inUse', config: { approval_policy: 'never' } },
        {
          ...PROJECT_ORIGIN,
          precedence: 25,
          state: 'disabled',
          disabledReason: NOT_TRUSTED,
          config: { model: 'project-model' },
        },
        {
          ...USER_ORIGIN,
          precedence: 20,
          state: 'inUse',
          config: { model: 'gpt-5.2', approval_policy: 'on-request', mcp_servers: { docs } },
        },
        { ...SYSTEM_ORIGIN, precedence: 10, state: 'inUse', config: { model: 'system-model' } },
      ],
      requirements: [
        {
          key: 'allowed_approval_policies',
          allowed: ['never'],
          source: { type: 'legacyManagedFile', file: '~/etc/managed_config.toml' },
        },
        {
          key: 'allowed_sandbox_modes',
          allowed: ['read-only', 'workspace-write'],
          source: { type: 'system', file: '~/etc/requirements.toml' },
        },
      ],
    })
  })

  it('prints every digit of a number for programs', async () => {
    const { stdout } = await machine.layers('--json -c n=9007199254740993 -c x=1.0 -c y=1e300')
    expect(stdout).toMatch(/"n": 9007199254740993,\n {4}"x": 1\.0,\n {4}"y": 1e\+300/)
  })

  it('explains one key: who wins, what it hides in its order, and what a disabled layer says', async () => {
    expect(await printed('--key model -c model=flag-model')).toBe(`\
model = "flag-model"
  set by session flags, which wins over user config ~/.codex/config.toml and system config ~/etc/config.toml
  hides "gpt-5.2" of user config ~/.codex/config.toml
  hides "system-model" of system config ~/etc/config.toml
  disabled: "project-model" of project config ~/app/.codex/config.toml: ${NOT_TRUSTED}
`)
  })

  it('explains every key below a table', async () => {
    expect(await printed('--key mcp_servers.docs')).toBe(`\
mcp_servers.docs.command = "docs-server"
  set by user config ~/.codex/config.toml
mcp_servers.docs.args = ["--port", "8931"]
  set by user config ~/.codex/config.toml
mcp_servers.docs.env.DOCS_TOKEN = ••••
  set by user config ~/.codex/config.toml

•••• is a secret; --show-secrets shows it
`)
  })

  it('says that nobody sets a key', async () => {
    expect(await printed('--key nope')).toBe('nope\n  no layer sets it\n')
  })

  it('explains a key to programs', async () => {
    expect(await answered('--key model')).toEqual({
      key: 'model',
      items: [
        {
          key: 'model',
          path: ['model'],
          value: 'gpt-5.2',
          winner: USER_ORIGIN,
          hides: [{ origin: SYSTEM_ORIGIN, value: 'system-model' }],
          disabled: [{ origin: PROJECT_ORIGIN, reason: NOT_TRUSTED, value: 'project-model' }],
          why: 'set by user config ~/.codex/config.toml, which wins over system config ~/etc/config.toml',
        },
      ],
    })
  })

  it('tells origins as the CLI does, items of arrays one by one', async () => {
    expect(await printed('--origins')).toBe(`\
KEY                              VERSION       LAYER
model                            06ef9bc88aaf  user config ~/.codex/config.toml
approval_policy                  fb622b23fd11  managed config ~/etc/managed_config.toml
mcp_servers.docs.command         06ef9bc88aaf  user config ~/.codex/config.toml
mcp_servers.docs.args.0          06ef9bc88aaf  user config ~/.codex/config.toml
mcp_servers.docs.args.1          06ef9bc88aaf  user config ~/.codex/config.toml
mcp_servers.docs.env.DOCS_TOKEN  06ef9bc88aaf  user config ~/.codex/config.toml
`)
  })

  it('compares what applies with what the own file says', async () => {
    expect(await printed('--diff')).toBe(`\
KEY              YOUR FILE            APPLIES
approval_policy  "on-request" (user)  "never" (managed)
`)
  })

  it('compares with another file in place of the own one', async () => {
    expect(await printed('--diff ../other.toml')).toBe(`\
KEY                              NOW                        WITH ../other.toml
mcp_servers.docs.command         "docs-server" (user)       -
mcp_servers.docs.args            ["--port", "8931"] (user)  -
mcp_servers.docs.env.DOCS_TOKEN  •••• (user)                -
web_search                       -                          "live" (user)

•••• is a secret; --show-secrets shows it
`)
  })

  it('compares for programs', async () => {
    expect(await answered('--diff')).toEqual({
      rows: [
        {
          key: 'approval_policy',
          before: { value: 'on-request', origin: USER_ORIGIN },
          after: { value: 'never', origin: MANAGED_ORIGIN },
        },
      ],
    })
  })

  it('lints, and exits with 1 when it finds something', async () => {
    expect(await machine.layers('--lint')).toEqual({
      code: 1,
      stdout: `\
shadowed         approval_policy in user config ~/.codex/config.toml: managed config ~/etc/managed_config.toml decides about it
secret           mcp_servers.docs.env.DOCS_TOKEN in user config ~/.codex/config.toml: a secret in plain text: name an environment variable instead, or a command that prints it
`,
      stderr: '',
    })
  })

  it('prints what applies as TOML, secrets only when they are asked for', async () => {
    const toml = (token: string): string => `\
model = "gpt-5.2"
approval_policy = "never"

[mcp_servers]

[mcp_servers.docs]
command = "docs-server"
args = ["--port", "8931"]

[mcp_servers.docs.env]
DOCS_TOKEN = "${token}"
`
    expect(await printed('--toml')).toBe(toml('••••'))
    expect(await printed('--toml --show-secrets')).toBe(toml('canary-1234'))
  })

  it.each([
    'show',
    '--key mcp_servers',
    '--diff ../other.toml',
    '--origins',
    '--lint',
    '--json',
    '--lint --json',
  ])('shows no secret: %s', async (line) => {
    const { stdout, stderr } = await machine.layers(line)
    expect(stdout + stderr).not.toContain('canary')
  })

  it('says when the release of the CLI is not known', async () => {
    const { code, stderr } = await machine.layers('--key model --cli-version 0.200.0')
    expect([code, stderr]).toEqual([
      0,
      'note: codex 0.200.0 is newer than 0.169.0, the newest release that was observed: the rules of 0.169.0 are used\n',
    ])
  })

  it('uses the rules of the release that it is told', async () => {
    expect(await answered('--cli-version 0.128')).toMatchObject({
      cliVersion: '0.128',
      layers: [{}, { disabledReason: NOT_TRUSTED }, {}, {}],
    })
  })

  it('counts a project once it is trusted, and tells several of them apart', async () => {
    await using other = await openLayersMachine({
      'app/.codex/config.toml': 'model = "outer"\nreview_model = "outer"\n',
      'app/part/.codex/config.toml': 'model = "inner"\n',
    })
    const app = other.terminal.path('app')
    await other.terminal.write('.codex/config.toml', `[projects."${app}"]\ntrust_level = "trusted"\n`)
    const { stdout } = await other.layers('--cwd part')
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/))
    expect(rows.slice(2, 4)).toEqual([
      ['model', '"inner"', 'project ~/app/part', '"outer" (project ~/app)'],
      ['review_model', '"outer"', 'project ~/app'],
    ])
  })

  it('shows features that flags switch', async () => {
    expect(await printed('--key features --enable web --disable shell_tool')).toBe(`\
features.web = true
  set by session flags
features.shell_tool = false
  set by session flags
`)
  })

  it("shows claude's settings, joined of what several layers say", async () => {
    expect(await printed('--runtime claude --settings ../settings.json')).toBe(`\
KEY                VALUE                 LAYER    HIDES
model              "opus"                user
permissions.allow  ["Bash(ls)", "Read"]  several

LAYER          PRECEDENCE  VERSION       STATE   FILE
session flags  30          915932472357  in use
user           20          b96e36768fc4  in use  ~/.claude/settings.json
`)
  })
})

describe.concurrent('layers where nothing is', () => {
  it('says so and how to begin', async () => {
    await using empty = await openLayersMachine()
    expect(await empty.layers()).toEqual({
      code: 0,
      stdout: `\
codex has no settings on this machine yet, so its own defaults apply; begin with: runtimeconfig layers set KEY VALUE

LAYER   PRECEDENCE  VERSION       STATE    FILE
user    20          44136fa355b3  missing  ~/.codex/config.toml
system  10          44136fa355b3  missing  ~/etc/config.toml
`,
      stderr: '',
    })
  })

  it('answers programs in the same shape', async () => {
    await using empty = await openLayersMachine()
    const version = 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'
    const layer = { version, state: 'missing', config: {} }
    expect(await empty.json()).toEqual({
      runtime: 'codex',
      cliVersion: '0.169.0',
      notice: null,
      config: {},
      origins: {},
      layers: [
        { ...layer, name: { type: 'user', file: empty.terminal.path('.codex/config.toml') }, precedence: 20 },
        { ...layer, name: { type: 'system', file: empty.terminal.path('etc/config.toml') }, precedence: 10 },
      ],
      requirements: [],
    })
  })

  it.each([
    ['--key model', 'model\n  no layer sets it\n'],
    ['--origins', 'no layer sets anything\n'],
    ['--diff', 'your file is all that applies\n'],
    ['--lint', 'nothing to say against these layers\n'],
    ['--toml', '\n'],
  ])('answers %s', async (line, stdout) => {
    await using empty = await openLayersMachine()
    expect(await empty.layers(line)).toEqual({ code: 0, stdout, stderr: '' })
  })

  it('looks where CODEX_HOME says, and rather where --codex-home says', async () => {
    await using machine = await openLayersMachine({
      'a/config.toml': 'model = "a"\n',
      'b/config.toml': 'model = "b"\n',
    })
    const environment = { CODEX_HOME: machine.terminal.path('a') }
    const first = await machine.layers('--toml', { environment })
    const second = await machine.layers('--toml --codex-home ../b', { environment })
    expect([first.stdout, second.stdout]).toEqual(['model = "a"\n', 'model = "b"\n'])
  })
})

describe.concurrent('layers that cannot be used', () => {
  it.each<[string, string, string | Uint8Array, string]>([
    [
      'a syntax error, with the line and a caret',
      '.codex/config.toml',
      'model = "x"\n\tname = "日本é" "x" # why\n',
      '2:15: expected the end of the line or a comment, got a string\n  2 | \tname = "日本é" "x" # why\n    | \t               ^',
    ],
    [
      'a value of another kind, all of it underlined',
      '.codex/config.toml',
      '# c\nmodel = 555\n',
      '2:9: model: expected a string, got an integer\n  2 | model = 555\n    |         ^^^',
    ],
    [
      'a line that may hold a secret, without it',
      '.codex/config.toml',
      'api_token = "canary" x\n',
      '1:22: expected the end of the line or a comment, got a bare word\n  the line may hold a secret; --show-secrets shows it',
    ],
    [
      'a line of a text that may be a secret, without it',
      '.codex/config.toml',
      '[mcp_servers.a.env]\nAPI_TOKEN = """\nx = [1]\ncanary \\q"""\n',
      '4:9: expected an escape after the backslash: one of b, e, f, n, r, t, ", \\, x, u, U\n  the line may hold a secret; --show-secrets shows it',
    ],
    [
      'a line of a list that may be of secrets, without it',
      '.codex/config.toml',
      'API_TOKEN = [ # why\n  "canary",\n  "canary" 1\n]\n',
      '3:12: expected `,` between the values of the array, got a bare word\n  the line may hold a secret; --show-secrets shows it',
    ],
    [
      'a file that is no text',
      'etc/managed_config.toml',
      new Uint8Array([0x61, 0xff]),
      ' expected text in UTF-8, got other bytes',
    ],
    [
      'requirements that nobody can keep',
      'etc/requirements.toml',
      'allowed_sandbox_modes = ["workspace-write"]\n',
      '1:25: allowed_sandbox_modes: expected "read-only" among the values, which is missing\n  1 | allowed_sandbox_modes = ["workspace-write"]\n    |                         ^^^^^^^^^^^^^^^^^^^',
    ],
  ])('are told by file and place: %s', async (...[, name, text, message]) => {
    await using other = await openLayersMachine({ [name]: text })
    const path = other.terminal.path(name)
    expect(await other.layers()).toEqual(refusal(1, `${path}:${message}`))
  })

  it('are told by their path when a folder is in the place of a file', async () => {
    await using other = await openLayersMachine()
    await mkdir(other.terminal.path('.codex/config.toml'), { recursive: true })
    const path = other.terminal.path('.codex/config.toml')
    expect(await other.layers()).toEqual(refusal(1, `${path}: expected a file, got a folder`))
  })

  it('are told by the file that is compared with', async () => {
    const path = await machine.terminal.write('broken.toml', 'model = 5\n')
    expect(await machine.layers(`--diff ${path}`)).toEqual(
      refusal(1, `${path}:1:9: model: expected a string, got an integer\n  1 | model = 5\n    |         ^`),
    )
    expect(await machine.layers('--diff no.toml')).toEqual(
      refusal(1, 'no.toml: expected a file to compare with, got none'),
    )
  })
})

describe.concurrent('a command line of layers that is wrong', () => {
  it.each([
    ['-c nokey', '-c: expected key=value for an override, got no equals sign'],
    ['--cli-version new', '--cli-version: expected the version of a CLI such as 0.169.0, got something else'],
    ['--lint --toml', "option '--lint' cannot be used with option '--toml'"],
    ['--runtime claude -c a=1', '--codex-home, --cli-version, -c, --enable and --disable are for codex only'],
    ['--settings x.json', '--settings is for claude only; expected -c key=value for codex'],
    ['--lint set a b', 'expected the flags behind the command: runtimeconfig layers set …'],
    ['sett a b', 'unknown command "sett"; expected one of show, set, unset, edit'],
  ])('exits with 64 and says why: %s', async (line, message) => {
    expect(await machine.layers(line)).toEqual(refusal(64, message))
  })
})
