import type { LayerName } from '#layers/layer.ts'

/** What a layer is called in a sentence for people: the kind of source and where it is, such as `user config ~/x/config.toml`. */
export function layerTitle(name: LayerName): string {
  const place = placeOf(name)
  return place === '' ? KINDS[name.type] : `${KINDS[name.type]} ${place}`
}

/**
 * The sentence that a write is answered with when this layer keeps it from taking effect. Word for word what the CLI
 * answers, because clients compare it; for sources that the CLI does not have, in the same form.
 */
export function overrideMessage(name: LayerName): string {
  const place = name.type === 'mdm' ? name.domain : placeOf(name)
  return place === ''
    ? `Overridden by ${WIRE_KINDS[name.type]}`
    : `Overridden by ${WIRE_KINDS[name.type]}: ${place}`
}

type Kinds = Readonly<Record<LayerName['type'], string>>

const KINDS: Kinds = {
  packagedDefaults: 'packaged defaults',
  mdm: 'managed preferences',
  system: 'system config',
  enterpriseManaged: 'enterprise config',
  user: 'user config',
  project: 'project config',
  projectFile: 'project config',
  localFile: 'local config',
  sessionFlags: 'session flags',
  managedRuntimeConfig: 'managed runtime config',
  managedFile: 'managed config',
  legacyManagedConfigTomlFromFile: 'managed config',
  legacyManagedConfigTomlFromMdm: 'managed preferences of this device',
}

const WIRE_KINDS: Kinds = {
  ...KINDS,
  mdm: 'managed policy (MDM)',
  system: 'managed config (system)',
  enterpriseManaged: 'enterprise-managed config',
  legacyManagedConfigTomlFromFile: 'legacy managed_config.toml',
  legacyManagedConfigTomlFromMdm: 'legacy managed configuration from MDM',
}

/** Where a source is, or the empty text for one that is in no particular place. */
function placeOf(name: LayerName): string {
  switch (name.type) {
    case 'sessionFlags':
    case 'legacyManagedConfigTomlFromMdm':
      return ''
    case 'mdm':
      return `${name.domain} ${name.key}`
    case 'project':
      return `${name.dotCodexFolder}/config.toml`
    case 'enterpriseManaged':
    case 'managedRuntimeConfig':
      return name.name
    default:
      return name.file
  }
}
