import { readSecretText } from '#cli/input.ts'
import { tellingFaults } from '#cli/layers/fault.ts'
import { type LayerSource, openLayerSource, type SourceFlags } from '#cli/layers/layer-source.ts'
import type { LayersContext } from '#cli/layers/layers-context.ts'
import { createScreen } from '#cli/layers/screen.ts'
import { readTypedValue } from '#cli/layers/typed-value.ts'
import { type Told, tellWritten, type Written } from '#cli/layers/written.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'
import { readTomlBytes } from '#layers/toml/read.ts'
import type { ConfigEdit } from '#layers/write/write.ts'

/** Flags of every write. */
export interface WriteFlags extends SourceFlags {
  readonly expectedVersion?: string
  readonly dryRun?: boolean
}

/** Flags of `set`. */
export interface SetFlags extends WriteFlags {
  readonly string?: boolean
  readonly jsonValue?: boolean
  readonly upsert?: boolean
}

/** Sets a key of the user's file. A value that is not typed is read from stdin, where no process list shows it. */
export async function setKey(
  context: LayersContext,
  flags: SetFlags & { readonly key: string; readonly value: string | null },
): Promise<void> {
  const text = flags.value ?? (await readSecretText(null)).open().replace(/\r?\n$/, '')
  await tellingFaults(context, async () => {
    const source = await openLayerSource(flags, context.environment)
    const value = readTypedValue(text, {
      format: source.profile.format,
      isText: flags.string === true,
      isJson: flags.jsonValue === true,
    })
    const mergeStrategy = flags.upsert === true ? 'upsert' : 'replace'
    const written = await write({ source, flags, edit: { keyPath: flags.key, value, mergeStrategy } })
    tellWritten(createScreen(context, source, written.after), { ...written, ...asked(flags), isSet: true })
  })
}

/** Takes a key out of the user's file. */
export async function unsetKey(
  context: LayersContext,
  flags: WriteFlags & { readonly key: string },
): Promise<void> {
  await tellingFaults(context, async () => {
    const source = await openLayerSource(flags, context.environment)
    const edit = { keyPath: flags.key, value: null, mergeStrategy: 'replace' } as const
    const written = await write({ source, flags, edit })
    tellWritten(createScreen(context, source, written.after), { ...written, ...asked(flags), isSet: false })
  })
}

function asked({ key, dryRun }: WriteFlags & { readonly key: string }): Pick<Told, 'key' | 'isDryRun'> {
  return { key, isDryRun: dryRun === true }
}

interface Write {
  readonly source: LayerSource
  readonly flags: WriteFlags
  readonly edit: ConfigEdit
}

async function write({ source, flags, edit }: Write): Promise<Written> {
  const expectedVersion = await expectedVersionOf(source, flags)
  if (flags.dryRun === true) return await plan({ source, edit, expectedVersion })
  const { writeUserConfig } = await import('#layers/sources/user-file.ts')
  let before: ConfigLayerStack | null = null
  const result = await writeUserConfig({
    fs: source.fs,
    userFile: source.userFile,
    home: source.home,
    edits: [edit],
    expectedVersion,
    load: async () => (before = await source.loadForEditing()),
  })
  const after = await source.loadForEditing()
  return { result, before: before ?? after, after }
}

/** What {@link write} would do. */
async function plan({
  source,
  edit,
  expectedVersion,
}: {
  readonly source: LayerSource
  readonly edit: ConfigEdit
  readonly expectedVersion: string | null
}): Promise<Written> {
  const { planWrite } = await import('#layers/write/write.ts')
  const { userFile, home } = source
  const bytes = (await source.fs.readFile(userFile)) ?? new Uint8Array()
  const before = await source.loadWith({ bytes, path: userFile, forEditing: true })
  const text = readTomlBytes(bytes)
  const planned = planWrite({ stack: before, text, edits: [edit], expectedVersion, home })
  const after = await source.loadWith({ bytes: Buffer.from(planned.text), path: userFile, forEditing: true })
  const { nextVersion, changed, result } = planned
  return { result: { ...result, nextVersion, changed }, before, after }
}

/** The version that was typed: the whole one where only its beginning was typed; what does not begin so is left to conflict. */
export async function expectedVersionOf(
  source: LayerSource,
  { expectedVersion }: WriteFlags,
): Promise<string | null> {
  if (expectedVersion === undefined) return null
  const beginning = /^(?:sha256:)?([0-9a-f]{12,64})$/.exec(expectedVersion)?.[1]
  if (beginning === undefined) return expectedVersion
  const version = (await source.loadForEditing()).userLayer()?.version ?? ''
  return version.startsWith(`sha256:${beginning}`) ? version : expectedVersion
}
