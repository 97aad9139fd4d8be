import { readIn } from './errors.ts'
import { readLayerText } from './layer-text.ts'
import { createLayer, type ConfigLayer } from './layer.ts'
import { sessionTable } from './overrides.ts'
import type { RequirementsLayer } from './requirements/requirements-source.ts'
import { composeRequirements } from './requirements/requirements.ts'
import type { RuntimeProfile } from './runtimes/profile.ts'
import { ConfigLayerStack } from './stack/stack.ts'
import { readToml } from './toml/read.ts'

/** What an administrator sets for a user: one ManagedRuntimeConfig that selects them. */
export interface ManagedTexts {
  readonly name: string
  /** The managed layer, in the format of the runtime. */
  readonly config?: string
  /** What the user may set, as TOML. */
  readonly requirements?: string
}

/** The sources of a stack that is made away from the machine it is for. */
export interface StackTexts {
  readonly profile: RuntimeProfile
  /** What the user layer is called in answers and messages. */
  readonly userFile: string
  /** Empty where the user has set nothing. */
  readonly userText: string
  /** Sorted by name; later wins. */
  readonly managed: readonly ManagedTexts[]
  /** Session flags, `key=value`. */
  readonly overrides?: readonly string[]
}

/**
 * Makes a stack of texts, without touching a file, a host name or an environment.
 *
 * Nothing is normalised: relative paths stand below folders of a device that are not known here. Values are not held
 * against the runtime's schema either; a write does that.
 *
 * @throws LayersError whose place names the user file or the ManagedRuntimeConfig that cannot be read
 */
export function stackOfTexts(parts: StackTexts): ConfigLayerStack {
  const { userFile, userText, managed } = parts
  const profile: RuntimeProfile = { ...parts.profile, normalise: (config) => config }
  const user = readIn(userFile, () => readLayerText(userText, profile))
  const flags = (parts.overrides ?? []).map((override) => ({ override }))
  const session = sessionTable({ rootFlags: [], flags }, profile.rules)
  const layers = [
    createLayer({ type: 'user', file: userFile }, user),
    ...(session === null ? [] : [createLayer({ type: 'sessionFlags' }, session)]),
    ...managed.flatMap((texts) => managedLayer(texts, profile)),
  ]
  return ConfigLayerStack.of({
    layers,
    profile,
    // Which machine it is for is not known, so entries for remote hosts meet no name.
    requirements: composeRequirements(
      managed.flatMap((texts) => managedRequirements(texts, profile)),
      profile.rules,
      null,
    ),
  })
}

function managedLayer({ name, config }: ManagedTexts, profile: RuntimeProfile): readonly ConfigLayer[] {
  if (config === undefined) return []
  const table = readIn(titleOf(name), () => readLayerText(config, profile))
  return [createLayer({ type: 'managedRuntimeConfig', name }, table)]
}

function managedRequirements(
  { name, requirements }: ManagedTexts,
  { rules }: RuntimeProfile,
): readonly RequirementsLayer[] {
  if (requirements === undefined) return []
  const table = readIn(titleOf(name), () => readToml(requirements, rules))
  return [{ source: { type: 'managedRuntimeConfig', name }, table, text: requirements }]
}

function titleOf(name: string): string {
  return `ManagedRuntimeConfig ${name}`
}
