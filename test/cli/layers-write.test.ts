import { readdir, stat } from 'node:fs/promises'

import { describe, expect, it } from 'vitest'

import { type LayersMachine, openLayersMachine } from '#test/support/layers-machine.ts'
import { refusal } from '#test/support/terminal.ts'

const FILE = '.codex/config.toml'

const USER = `# mine
model = "gpt-5.2" # the new one
approval_policy = "on-request"

[mcp_servers.docs]
command = "docs-server"
env = { DOCS_TOKEN = "canary-1234" }
`

const FILES = {
  [FILE]: USER,
  'etc/managed_config.toml': 'approval_policy = "never"\nweb_search = "disabled"\n',
  'etc/requirements.toml': 'allowed_sandbox_modes = ["read-only", "workspace-write"]\n',
}

const VERSION = 'sha256:de5fe25b523b'

async function aMachine(): Promise<LayersMachine> {
  return await openLayersMachine(FILES)
}

function done(stdout: string) {
  return { code: 0, stdout, stderr: '' }
}

describe.concurrent('layers set', () => {
  it('changes one line of the file and says what that means', async () => {
    await using machine = await aMachine()
    expect(await machine.layers('set model gpt-6')).toEqual(
      done(`\
~/.codex/config.toml is changed; version 3ee4b5d5f387
KEY    NOW        THEN     APPLIES
model  "gpt-5.2"  "gpt-6"  yes
`),
    )
    expect(await machine.terminal.read(FILE)).toBe(USER.replace('gpt-5.2', 'gpt-6'))
  })

  it('says which layer keeps it from taking effect, and exits with 0', async () => {
    await using machine = await aMachine()
    expect(await machine.layers('set web_search live')).toEqual(
      done(`\
~/.codex/config.toml is changed; version 4f335c4fae70
KEY         NOW  THEN    APPLIES
web_search  -    "live"  no: "disabled" (managed)
this takes no effect here: managed config ~/etc/managed_config.toml sets web_search to "disabled"
`),
    )
  })

  it('writes nothing where it is so already', async () => {
    await using machine = await aMachine()
    const before = await stat(machine.terminal.path(FILE))
    expect(await machine.layers('set model gpt-5.2')).toEqual(
      done('~/.codex/config.toml says so already: nothing was written\n'),
    )
    expect((await stat(machine.terminal.path(FILE))).ino).toBe(before.ino)
  })

  it('only shows what would change with --dry-run', async () => {
    await using machine = await aMachine()
    expect(await machine.layers('set model gpt-6 --dry-run')).toEqual(
      done(`\
~/.codex/config.toml would be changed (nothing was written); version 3ee4b5d5f387
KEY    NOW        THEN     APPLIES
model  "gpt-5.2"  "gpt-6"  yes
`),
    )
    expect(await machine.terminal.read(FILE)).toBe(USER)
  })

  it('merges a table that is read from stdin', async () => {
    await using machine = await aMachine()
    const stdin = '{"args":["-v"],"tool_timeout_sec":1.0}'
    expect(await machine.layers('set mcp_servers.docs --json-value --upsert', { stdin })).toEqual(
      done(`\
~/.codex/config.toml is changed; version 4fc13f9b91fc
KEY                                NOW  THEN    APPLIES
mcp_servers.docs.args              -    ["-v"]  yes
mcp_servers.docs.tool_timeout_sec  -    1.0     yes
`),
    )
  })

  it('shows no secret, neither the old one nor the new one', async () => {
    await using machine = await aMachine()
    const line = 'set mcp_servers.docs.env.DOCS_TOKEN --string'
    const run = await machine.layers(line, { stdin: 'canary-5678\n' })
    expect(run).toEqual(
      done(`\
~/.codex/config.toml is changed; version ${await userVersion(machine)}
KEY                              NOW   THEN  APPLIES
mcp_servers.docs.env.DOCS_TOKEN  ••••  ••••  yes

•••• is a secret; --show-secrets shows it
`),
    )
    expect(await machine.terminal.read(FILE)).toContain('"canary-5678"')
  })

  it.each<[string, string]>([
    ['set n 12', 'n = 12\n'],
    ['set n 1.0', 'n = 1.0\n'],
    ['set n 1e3 --json-value', 'n = 1000.0\n'],
    ['set n 1979-05-27', 'n = 1979-05-27\n'],
    ['set n plain-text', 'n = "plain-text"\n'],
    ['set n 12 --string', 'n = "12"\n'],
    ['set n [1,2]', 'n = [1, 2]\n'],
    ['set n -- -5', 'n = -5\n'],
    ['set "a.b".c true', '["a.b"]\nc = true\n'],
  ])('reads the value as the CLI reads a flag: %s', async (line, text) => {
    await using machine = await openLayersMachine()
    // What follows `--` is no flag any more.
    const [flags = '', words] = line.split(' -- ')
    const system = `--system-folder ${machine.terminal.path('etc')}`
    const full = words === undefined ? `layers ${line} ${system}` : `layers ${flags} ${system} -- ${words}`
    expect((await machine.terminal.run(full)).code).toBe(0)
    expect(await machine.terminal.read(FILE)).toBe(text)
  })

  it('makes a private file in a private folder where there is none', async () => {
    await using machine = await openLayersMachine()
    await machine.layers('set model gpt-6')
    const modes = await Promise.all(
      ['.codex', FILE].map(async (name) => (await stat(machine.terminal.path(name))).mode & 0o777),
    )
    expect(modes).toEqual([0o700, 0o600])
  })

  it('answers programs', async () => {
    await using machine = await aMachine()
    const home = machine.terminal.home
    const managed = {
      name: { type: 'legacyManagedConfigTomlFromFile', file: `${home}/etc/managed_config.toml` },
      version: 'sha256:ef0c36626549b43055fec95c99e62859dc839628cd70581e227ffc9f5068604b',
    }
    expect(await machine.json('set web_search live --dry-run')).toEqual({
      status: 'okOverridden',
      version: expect.stringMatching(/^sha256:4f335c4fae70[0-9a-f]{52}$/),
      filePath: `${home}/${FILE}`,
      changed: true,
      dryRun: true,
      changes: [
        {
          key: 'web_search',
          before: null,
          after: 'live',
          applies: { value: 'disabled', origin: managed },
          takesEffect: false,
        },
      ],
      overriddenMetadata: {
        message: `Overridden by legacy managed_config.toml: ${home}/etc/managed_config.toml`,
        overridingLayer: managed,
        effectiveValue: 'disabled',
      },
    })
  })

  it('mends a value of the wrong kind, with which nothing else can be shown', async () => {
    await using machine = await openLayersMachine({ [FILE]: 'model = 5\n' })
    expect((await machine.layers()).code).toBe(1)
    expect((await machine.layers('set model gpt-6 --dry-run')).code).toBe(0)
    expect((await machine.layers('set model gpt-6')).code).toBe(0)
    expect(await machine.terminal.read(FILE)).toBe('model = "gpt-6"\n')
  })

  it("edits claude's settings, whose file is JSON", async () => {
    const text = '{\n    "model": "opus",\n    "env": {}\n}\n'
    await using machine = await openLayersMachine({ '.claude/settings.json': text })
    expect((await machine.layers('set model sonnet --runtime claude')).code).toBe(0)
    expect(await machine.terminal.read('.claude/settings.json')).toBe(text.replace('opus', 'sonnet'))
  })

  it.each([
    ['set model 5', 'model: expected a string, got an integer'],
    [
      'set sandbox_mode danger-full-access',
      'sandbox_mode is danger-full-access, and HOME/etc/requirements.toml allows only read-only, workspace-write',
    ],
    [
      'set a.b null --json-value',
      'expected a value, got null; a key is taken out by: runtimeconfig layers unset KEY',
    ],
    ['set a {x --json-value', 'the value is no JSON: 1:2: expected a key in double quotes, got a letter'],
    ['set a. 1', 'expected a key between the dots of a key path, got an empty one'],
    [
      'set n 9223372036854775808 --json-value',
      'n: expected an integer that 64 bits can hold, got one beyond',
    ],
    [
      'set model x --expected-version 0123456789ab',
      'Configuration was modified since last read. Fetch latest version and retry.',
    ],
  ])('refuses what the CLI would not take, and leaves the file as it is: %s', async (line, message) => {
    await using machine = await aMachine()
    expect(await machine.layers(line)).toEqual(refusal(1, message.replace('HOME', machine.terminal.home)))
    expect(await machine.terminal.read(FILE)).toBe(USER)
  })

  it('lets one of two writers with the same version through, and loses nothing', async () => {
    await using machine = await aMachine()
    const writers = await Promise.all(
      ['one', 'two'].map((word) => machine.layers(`set writer.${word} true --expected-version ${VERSION}`)),
    )
    expect(new Set(writers.map(({ code }) => code))).toEqual(new Set([0, 1]))
    const winner = writers[0]?.code === 0 ? 'one' : 'two'
    expect(await machine.terminal.read(FILE)).toBe(`${USER}\n[writer]\n${winner} = true\n`)
  })
})

describe.concurrent('layers unset', () => {
  it('takes a key out, and says what applies instead', async () => {
    await using machine = await aMachine()
    const run = await machine.layers('unset approval_policy')
    expect(run).toEqual(
      done(`\
~/.codex/config.toml is changed; version ${await userVersion(machine)}
KEY              NOW           THEN  APPLIES
approval_policy  "on-request"  -     "never" (managed)
approval_policy still applies: managed config ~/etc/managed_config.toml sets approval_policy to "never"
`),
    )
    expect(await machine.terminal.read(FILE)).toBe(USER.replace('approval_policy = "on-request"\n', ''))
  })

  it('writes nothing where the key is not', async () => {
    await using machine = await aMachine()
    expect(await machine.layers('unset nothing.here')).toEqual(
      done('~/.codex/config.toml has no nothing.here: nothing was written\n'),
    )
  })
})

describe.concurrent('layers edit', () => {
  it('saves what the editor leaves, byte for byte, and says what changed', async () => {
    await using machine = await aMachine()
    await anEditor(machine, `sed -i 's/gpt-5.2/gpt-6/; s/# mine/# still mine/' "$1"`)
    expect(await edit(machine)).toEqual(
      done(`\
KEY    NOW        THEN     APPLIES
model  "gpt-5.2"  "gpt-6"  yes
~/.codex/config.toml is changed; version 3ee4b5d5f387
`),
    )
    expect(await machine.terminal.read(FILE)).toBe(
      USER.replace('gpt-5.2', 'gpt-6').replace('# mine', '# still mine'),
    )
    expect(await drafts(machine)).toEqual([])
  })

  it('says so when only comments change', async () => {
    await using machine = await aMachine()
    await anEditor(machine, `echo '# the end' >> "$1"`)
    expect(await edit(machine)).toEqual(
      done(
        'no setting changes, only how the file is written\n~/.codex/config.toml is changed; version de5fe25b523b\n',
      ),
    )
    expect(await machine.terminal.read(FILE)).toBe(`${USER}# the end\n`)
  })

  it('saves nothing when nothing was changed', async () => {
    await using machine = await aMachine()
    await anEditor(machine, 'true')
    expect(await edit(machine)).toEqual(done('nothing was changed, so nothing was written\n'))
    expect(await drafts(machine)).toEqual([])
  })

  it('saves nothing with --dry-run', async () => {
    await using machine = await aMachine()
    await anEditor(machine, `sed -i 's/gpt-5.2/gpt-6/' "$1"`)
    expect((await edit(machine, '--dry-run')).stdout).toContain('would be changed (nothing was written)')
    expect(await machine.terminal.read(FILE)).toBe(USER)
  })

  it('mends a file that nothing else can read', async () => {
    await using machine = await openLayersMachine({ [FILE]: 'model = = 1\n' })
    await anEditor(machine, `echo 'model = "x"' > "$1"`)
    const { code, stdout } = await edit(machine)
    expect([code, stdout.split('\n')[0]]).toEqual([
      0,
      'what changes cannot be told: the file could not be read before',
    ])
    expect(await machine.terminal.read(FILE)).toBe('model = "x"\n')
  })

  it('refuses what cannot be read, says where, and keeps the text', async () => {
    await using machine = await aMachine()
    await anEditor(machine, `echo 'x = = 1' > "$1"`)
    const { code, stderr } = await edit(machine)
    const [draft = ''] = await drafts(machine)
    expect([code, stderr]).toEqual([
      1,
      `error: ${draft}:1:5: expected a value, got a second \`=\`\n  1 | x = = 1\n    |     ^\nnothing was saved; your text is in ${draft}\n`,
    ])
    expect(await machine.terminal.read(FILE)).toBe(USER)
  })

  it('refuses what requirements do not allow', async () => {
    await using machine = await aMachine()
    await anEditor(machine, `sed -i '1i sandbox_mode = "danger-full-access"' "$1"`)
    const { code, stderr } = await edit(machine)
    const [draft = ''] = await drafts(machine)
    expect([code, stderr]).toEqual([
      1,
      `error: sandbox_mode is danger-full-access, and ${machine.terminal.path('etc/requirements.toml')} allows only read-only, workspace-write\nnothing was saved; your text is in ${draft}\n`,
    ])
  })

  it('refuses when somebody else has changed the file meanwhile, be it a comment, and keeps the text', async () => {
    await using machine = await aMachine()
    const other = machine.terminal.path(FILE)
    await anEditor(machine, `sed -i 's/gpt-5.2/gpt-6/' "$1"\necho '# theirs' >> ${other}`)
    const { code, stderr } = await edit(machine)
    const [draft = ''] = await drafts(machine)
    expect([code, stderr]).toEqual([
      1,
      `error: ${other}: somebody else has changed the file meanwhile; nothing was saved; your text is in ${draft}\n`,
    ])
    expect(await machine.terminal.read(FILE)).toBe(`${USER}# theirs\n`)
    expect(await machine.terminal.read(draft.slice(machine.terminal.home.length))).toBe(
      USER.replace('gpt-5.2', 'gpt-6'),
    )
  })

  it('refuses a text that is too large to be read again', async () => {
    await using machine = await aMachine()
    await anEditor(machine, `head -c 1048577 /dev/zero | tr '\\0' '#' > "$1"`)
    const { code, stderr } = await edit(machine)
    const [draft = ''] = await drafts(machine)
    expect([code, stderr]).toEqual([
      1,
      `error: ${draft}: expected at most 1048576 bytes, got more\nnothing was saved; your text is in ${draft}\n`,
    ])
  })

  it('says so when the editor leaves no file', async () => {
    await using machine = await aMachine()
    await anEditor(machine, 'rm "$1"')
    const { code, stderr } = await edit(machine)
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^error: expected the editor to leave a file at \S+, got none\n$/),
    ])
  })

  it('does not begin when the version is not the expected one', async () => {
    await using machine = await aMachine()
    await anEditor(machine, 'echo never >&2')
    expect(await edit(machine, '--expected-version 0123456789ab')).toEqual(
      refusal(1, `${machine.terminal.path(FILE)}: the file has another version by now, de5fe25b523b`),
    )
  })

  it.each([
    ['exit 3', 'expected the editor to end well, got exit code 3; nothing was saved'],
    [
      'no-such-command',
      'expected the editor to end well, got the answer that there is no such command (set VISUAL or EDITOR); nothing was saved',
    ],
  ])('saves nothing when the editor fails: %s', async (script, message) => {
    await using machine = await aMachine()
    await anEditor(machine, script)
    const { code, stderr } = await edit(machine)
    expect([code, stderr.split('\n').at(-2)]).toEqual([1, `error: ${message}`])
    expect(await drafts(machine)).toEqual([])
  })
})

// A terminal is made by a program that not every machine has.
describe.runIf(process.platform === 'linux')('layers at a terminal', () => {
  const typing = (machine: LayersMachine, line: string, stdin: string) =>
    // Node shows no colours where CI is set.
    machine.terminal.shell(
      `env -u CI script -qec '"$NODE" "$MAIN" layers ${line} --system-folder etc' /dev/null`,
      {
        stdin,
        environment: environmentOf(machine),
      },
    )

  it.each([
    ['y', 'gpt-6', 'is changed; version 3ee4b5d5f387', 0],
    ['n', 'gpt-5.2', 'nothing was saved; your text is in ', 1],
  ])('asks before an edit is saved: %s', async (...[word, model, said, kept]) => {
    await using machine = await aMachine()
    await anEditor(machine, `sed -i 's/gpt-5.2/gpt-6/' "$1"`)
    const { stdout } = await typing(machine, 'edit', `${word}\n`)
    expect(stdout).toContain('save ~/.codex/config.toml? [y/N]')
    expect(stdout).toContain(said)
    expect(await machine.terminal.read(FILE)).toBe(USER.replace('gpt-5.2', model))
    expect(await drafts(machine)).toHaveLength(kept)
  })

  it('lets an edit be mended', async () => {
    await using machine = await aMachine()
    // The first time it breaks the file, the second time it mends it; and each time it types an answer.
    await anEditor(
      machine,
      `if grep -q '= =' "$1"; then sed -i 's/n = =/n = 1/' "$1"; echo y; else echo 'n = =' >> "$1"; echo; fi > ${machine.terminal.path('typed')}`,
    )
    const { stdout } = await machine.terminal.shell(
      `mkfifo typed; exec 3<>typed; script -qec '"$NODE" "$MAIN" layers edit --system-folder etc' /dev/null <typed`,
      { environment: environmentOf(machine) },
    )
    expect(stdout).toContain('edit it again? [Y/n]')
    expect(await machine.terminal.read(FILE)).toBe(`${USER}n = 1\n`)
  })

  it('greys what is disabled', async () => {
    await using machine = await openLayersMachine({ 'app/.codex/config.toml': 'model = "x"\n' })
    const { stdout } = await typing(machine, 'show --cwd app', '')
    const line = stdout.split(/\r?\n/).find((each) => each.includes('disabled')) ?? ''
    expect(line.split('\u001B[90m')).toHaveLength(6)
  })
})

/** Puts an editor in place: a script that is given the file. */
async function anEditor(machine: LayersMachine, script: string): Promise<void> {
  await machine.terminal.write('drafts/.keep', '')
  await machine.terminal.write('editor.sh', `${script}\n`)
}

function environmentOf({ terminal }: LayersMachine): Readonly<Record<string, string>> {
  return { EDITOR: `sh ${terminal.path('editor.sh')}`, VISUAL: '', TMPDIR: terminal.path('drafts') }
}

async function edit(machine: LayersMachine, flags = '') {
  return await machine.layers(flags === '' ? 'edit' : `edit ${flags}`, {
    environment: environmentOf(machine),
  })
}

/** The drafts that were not taken away. */
async function drafts({ terminal }: LayersMachine): Promise<readonly string[]> {
  const names = await readdir(terminal.path('drafts'), { recursive: true })
  return names.filter((name) => name.endsWith('config.toml')).map((name) => terminal.path(`drafts/${name}`))
}

async function userVersion(machine: LayersMachine): Promise<string> {
  const { layers } = (await machine.json()) as {
    readonly layers: readonly { readonly name: { readonly type: string }; readonly version: string }[]
  }
  const version = layers.find(({ name }) => name.type === 'user')?.version ?? ''
  return version.slice('sha256:'.length).slice(0, 12)
}
