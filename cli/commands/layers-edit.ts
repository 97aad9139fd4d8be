import { changeLines, changesOf, toWireChanges } from '#cli/layers/changes.ts'
import { confirm, createDraft, type Draft } from '#cli/layers/editor.ts'
import { tellingFaults, toAppError } from '#cli/layers/fault.ts'
import { type LayerSource, openLayerSource } from '#cli/layers/layer-source.ts'
import type { LayersContext } from '#cli/layers/layers-context.ts'
import { createScreen } from '#cli/layers/screen.ts'
import { replaceUserText } from '#cli/layers/user-text.ts'
import { changedWords, NO_CHANGE, shortVersion } from '#cli/layers/version-text.ts'
import { AppError } from '#core/errors.ts'
import { LayersError } from '#layers/errors.ts'
import { isSameContent } from '#layers/sources/locked-write.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'
import { EMPTY_TABLE } from '#layers/value.ts'
import { checkUpdated } from '#layers/write/write-checks.ts'

import { expectedVersionOf, type WriteFlags } from './layers-write.ts'

/**
 * Opens a copy of the user's file in an editor and saves what is left when it is valid. What is not saved is kept in a file
 * that the message names.
 */
export async function editFile(context: LayersContext, flags: WriteFlags): Promise<void> {
  await tellingFaults(context, async () => {
    const source = await openLayerSource(flags, context.environment)
    const before = await source.fs.readFile(source.userFile)
    await checkVersion(source, flags)
    const draft = await createDraft(source.userFile, before ?? new Uint8Array(), context.environment)
    const session = { context, source, draft, before, isDryRun: flags.dryRun === true }
    const edited = await editUntilValid(session)
    const isDone = edited === null ? sayUnchanged(session) : await save(session, edited)
    if (isDone) await draft.discard()
  })
}

async function checkVersion(source: LayerSource, flags: WriteFlags): Promise<void> {
  const expected = await expectedVersionOf(source, flags)
  const current = expected === null ? null : ((await source.loadForEditing()).userLayer()?.version ?? '')
  if (expected === current) return
  const reason = `the file has another version by now, ${shortVersion(current ?? '')}`
  throw new LayersError('configVersionConflict', reason, { path: source.userFile })
}

interface Session {
  readonly context: LayersContext
  readonly source: LayerSource
  readonly draft: Draft
  /** null: there is no file yet. */
  readonly before: Uint8Array | null
  readonly isDryRun: boolean
}

interface Edited {
  readonly text: string
  /** null: the file could not be read before. */
  readonly stackBefore: ConfigLayerStack | null
  readonly stack: ConfigLayerStack
}

/** @returns null when the text is the same as before */
async function editUntilValid(session: Session): Promise<Edited | null> {
  const { draft, before, context } = session
  for (;;) {
    const bytes = await draft.edit()
    if (isSameContent(before ?? new Uint8Array(), bytes)) return null
    try {
      return await validated(session, bytes)
    } catch (error) {
      if (!(error instanceof LayersError)) throw error
      const fault = toAppError(error, context.showsSecrets)
      if (!isWatched(context))
        throw new AppError(fault.code, `${fault.message}\n${keptIn(draft)}`, { cause: error })
      context.output.note(fault.message)
      if (!(await confirm('edit it again?', true)))
        throw new AppError(fault.code, keptIn(draft), { cause: error })
    }
  }
}

async function validated({ source, draft, before }: Session, bytes: Uint8Array): Promise<Edited> {
  const stack = await source.loadWith({ bytes, path: draft.path, forEditing: false })
  const stackBefore = await loadedBefore(source, before ?? new Uint8Array())
  checkUpdated(stack, stackBefore?.userLayer()?.config ?? EMPTY_TABLE)
  return { text: Buffer.from(bytes).toString('utf8'), stackBefore, stack }
}

/** A file that cannot be read is one more reason to edit it. */
async function loadedBefore(source: LayerSource, bytes: Uint8Array): Promise<ConfigLayerStack | null> {
  try {
    return await source.loadWith({ bytes, path: source.userFile, forEditing: true })
  } catch (error) {
    if (error instanceof LayersError) return null
    throw error
  }
}

function sayUnchanged({ context: { output }, source, isDryRun }: Session): boolean {
  output.json({ filePath: source.userFile, changed: false, dryRun: isDryRun, version: null, changes: [] })
  output.print('nothing was changed, so nothing was written')
  return true
}

/** @returns whether the draft is needed no more */
async function save(session: Session, edited: Edited): Promise<boolean> {
  const { context, source, draft, before, isDryRun } = session
  const { output } = context
  const screen = createScreen(context, source, edited.stack)
  const changes = edited.stackBefore === null ? [] : changesOf(edited.stackBefore, edited.stack)
  for (const line of changeLines(screen, changes)) output.print(line)
  if (changes.length === 0) output.print(sentenceFor(edited.stackBefore))
  screen.endMasked()
  const filePath = source.userFile
  const name = screen.labels.path(filePath)
  if (!isDryRun && isWatched(context) && !(await confirm(`save ${name}?`, false))) {
    output.print(keptIn(draft))
    return false
  }
  if (!isDryRun) await writing(draft, () => replaceUserText({ ...source, before, text: edited.text }))
  const version = edited.stack.userLayer()?.version ?? ''
  output.json({ filePath, changed: true, dryRun: isDryRun, version, changes: toWireChanges(screen, changes) })
  output.print(`${name} ${changedWords(isDryRun)}; version ${shortVersion(version)}`)
  return true
}

function sentenceFor(stackBefore: ConfigLayerStack | null): string {
  return stackBefore === null ? 'what changes cannot be told: the file could not be read before' : NO_CHANGE
}

async function writing(draft: Draft, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (!(error instanceof LayersError)) throw error
    throw new LayersError(error.code, `${error.reason}; ${keptIn(draft)}`, { ...error.place, cause: error })
  }
}

function keptIn({ path }: Draft): string {
  return `nothing was saved; your text is in ${path}`
}

/** Whether somebody is there to be asked. */
function isWatched({ output }: LayersContext): boolean {
  return output.isTerminal && output.format === 'text' && process.stdin.isTTY
}
