import { showDiffTo, showDiffToUser } from '#cli/layers/diff-answer.ts'
import { tellingFaults } from '#cli/layers/fault.ts'
import { showKey } from '#cli/layers/key-answer.ts'
import { openLayerSource, type SourceFlags } from '#cli/layers/layer-source.ts'
import type { LayersContext } from '#cli/layers/layers-context.ts'
import { showLint } from '#cli/layers/lint-answer.ts'
import { showOrigins } from '#cli/layers/origins-answer.ts'
import { showOverview } from '#cli/layers/overview.ts'
import { createScreen } from '#cli/layers/screen.ts'

/** What is asked of the layers; without any of these, the overview. */
export interface ShowFlags extends SourceFlags {
  readonly key?: string
  readonly origins?: boolean
  /** true: compare with the user's file alone; a text: with another file in its place. */
  readonly diff?: true | string
  readonly lint?: boolean
  readonly toml?: boolean
}

/** Shows the layers of this machine; `--lint` exits with 1 when it finds something. */
export async function showLayers(context: LayersContext, flags: ShowFlags): Promise<void> {
  await tellingFaults(context, async () => {
    const source = await openLayerSource(flags, context.environment)
    const stack = await source.load()
    const screen = createScreen(context, source, stack)
    if (flags.key !== undefined) showKey(screen, stack, flags.key)
    else if (flags.origins === true) showOrigins(screen, stack)
    else if (flags.lint === true) process.exitCode = showLint(screen, stack) ? 1 : 0
    else if (flags.diff === true) showDiffToUser(screen, stack)
    else if (flags.diff !== undefined) await showDiffTo(screen, { source, stack, file: flags.diff })
    else if (flags.toml === true) {
      const { renderToml } = await import('#layers/toml/render.ts')
      const toml = renderToml(screen.masking.table(stack.effectiveConfig()))
      context.output.json({ toml })
      context.output.print(toml.replace(/\n$/, ''))
    } else await showOverview(screen, source, stack)
  })
}
