import { AppError, type ErrorCode, isAppError } from '#core/errors.ts'
import type { ExecutionConfigFacts } from '#core/execution.ts'
import type { Runtime } from '#core/runtimes.ts'
import { toJson } from '#layers/json/render.ts'
import { createLayer, type LayerType } from '#layers/layer.ts'
import { checkRequirements } from '#layers/requirements/requirements-check.ts'
import { ConfigLayerStack } from '#layers/stack/stack.ts'
import type { TomlTable } from '#layers/value.ts'
import type { EXECUTION_CONFIG_REASONS, ExecutionConfig } from '#protocol/execution.ts'
import type { User } from '#store/users.ts'

import { readOverrides } from './config-overrides.ts'
import type { ConfigStacks } from './config-stacks.ts'
import { viewOrigins } from './config-view.ts'
import type { FreshReads } from './fresh-reads.ts'

/** Where the layers are. */
export interface ExecutionConfigDeps {
  readonly memory: Pick<FreshReads, 'config' | 'managedConfigs'>
  readonly configStacks: Pick<ConfigStacks, 'open'>
}

/** Whose configuration is wanted, with which flags of the request. */
export interface ExecutionConfigQuery {
  readonly user: User
  readonly runtime: Runtime
  readonly overrides: unknown
}

/**
 * Gives what `include: ["config"]` adds to an execution request: the user's layers with the flags of the request.
 *
 * Rejects with `configValidationError` for flags that make no sense or that a requirement does not allow. What is stored and
 * does not open or parse is `config: null` and a reason: it breaks no execution.
 */
export async function configForExecution(
  { user, runtime, overrides }: ExecutionConfigQuery,
  { memory, configStacks }: ExecutionConfigDeps,
): Promise<ExecutionConfigFacts> {
  const flags = readOverrides(overrides)
  const config = await memory.config({ namespace: user.namespace, name: runtime.metadata.name })
  const sources = { user, runtime, config, managed: await memory.managedConfigs() }
  try {
    const { stack } = await configStacks.open(sources)
    return { config: flags === null ? viewOnce(stack) : viewStack(withFlags(stack, flags)) }
  } catch (error) {
    const reason = isAppError(error) ? REASONS[error.code] : undefined
    if (reason === undefined) throw error
    return { config: null, config_reason: reason }
  }
}

const REASONS: Readonly<Partial<Record<ErrorCode, (typeof EXECUTION_CONFIG_REASONS)[number]>>> = {
  DECRYPT_FAILED: 'DecryptFailed',
  CONFIG_UNUSABLE: 'ConfigInvalid',
  CONFIG_UNSUPPORTED: 'ConfigUnsupported',
}

/** Goes with the stack, which is the same until somebody stores something. */
const views = new WeakMap<ConfigLayerStack, ExecutionConfig>()

function viewOnce(stack: ConfigLayerStack): ExecutionConfig {
  const known = views.get(stack)
  if (known !== undefined) return known
  const view = viewStack(stack)
  views.set(stack, view)
  return view
}

function viewStack(stack: ConfigLayerStack): ExecutionConfig {
  return {
    effective: toJson(stack.effectiveConfig()) as ExecutionConfig['effective'],
    origins: viewOrigins(stack),
    layers: stack.layersHighToLow().map(({ name, version }) => ({ name, version })),
  }
}

function withFlags(stack: ConfigLayerStack, flags: TomlTable): ConfigLayerStack {
  const { profile, requirements } = stack
  const [violation] = checkRequirements(requirements, flags)
  if (violation !== undefined) {
    throw new AppError('configValidationError', `model_config.config_overrides: ${violation.message}`)
  }
  const rankOf = (type: LayerType): number => profile.rules.precedence[type] ?? 0
  const session = createLayer({ type: 'sessionFlags' }, flags)
  const layers = stack.allLayers().toReversed()
  const above = layers.findIndex(({ name }) => rankOf(name.type) > rankOf('sessionFlags'))
  layers.splice(above === -1 ? layers.length : above, 0, session)
  return ConfigLayerStack.of({ layers, profile, requirements })
}
