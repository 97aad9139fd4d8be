import { type KindName, KINDS } from './kinds.ts'
import { fieldPath, isRecord, ownField, type Violation } from './violation.ts'

const LABEL_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const QUALIFIED_PART = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/
const LONGEST_LABEL = 63
const LONGEST_SUBDOMAIN = 253
/** The Kubernetes limit on all annotations of an object together, in bytes. */
const MOST_ANNOTATION_BYTES = 256 * 1024

const SUBDOMAIN_MESSAGE =
  'must be lower-case letters, digits, dashes and dots, start and end with a letter or digit, and have at most 253 characters'
const LABEL_NAME_MESSAGE =
  'must be lower-case letters, digits and dashes, start and end with a letter or digit, and have at most 63 characters'
const NAME_MESSAGE =
  'must be a name of at most 63 letters, digits, dashes, underscores and dots, after an optional DNS prefix and a slash'
const KEY_MESSAGE = `has a key that is wrong: it ${NAME_MESSAGE}`
const VALUE_MESSAGE =
  'has a value that is wrong: it must be empty or at most 63 letters, digits, dashes, underscores and dots, starting and ending with a letter or digit'

/** Tells whether a text is a DNS-1123 subdomain, as names of objects are. */
export function isSubdomain(text: string): boolean {
  return text.length <= LONGEST_SUBDOMAIN && SUBDOMAIN.test(text)
}

/** Tells whether a text is a DNS-1123 label, as namespaces are. */
export function isLabelName(text: string): boolean {
  return text.length <= LONGEST_LABEL && LABEL_NAME.test(text)
}

/** Tells whether a text can be the key of a label: a name, after an optional DNS prefix and a slash. */
export function isQualifiedName(text: string): boolean {
  const parts = text.split('/')
  const name = parts.at(-1) ?? ''
  const prefix = parts[0] ?? ''
  if (parts.length > 2 || (parts.length === 2 && !isSubdomain(prefix))) return false
  return name.length <= LONGEST_LABEL && QUALIFIED_PART.test(name)
}

/** Tells whether a text can be the value of a label. */
export function isLabelValue(text: string): boolean {
  return text === '' || (text.length <= LONGEST_LABEL && QUALIFIED_PART.test(text))
}

/** Checks what every object has: its type, name, namespace, labels, annotations, finalizers and owners. */
export function validateMetadata(kind: KindName, object: unknown): readonly Violation[] {
  const metadata = ownField(object, 'metadata')
  if (!isRecord(metadata)) return [{ path: 'metadata', message: 'must be an object' }]
  return [
    ...nameViolations(ownField(metadata, 'name')),
    ...namespaceViolations(kind, ownField(metadata, 'namespace')),
    ...serverFieldViolations(metadata),
    ...mapViolations('metadata.labels', ownField(metadata, 'labels'), LABELS),
    ...annotationViolations(ownField(metadata, 'annotations')),
    ...finalizerViolations(ownField(metadata, 'finalizers')),
    ...ownerViolations(ownField(metadata, 'ownerReferences')),
  ]
}

function nameViolations(name: unknown): readonly Violation[] {
  if (name === undefined || name === '') return [{ path: 'metadata.name', message: 'is required' }]
  if (typeof name === 'string' && isSubdomain(name)) return []
  return [{ path: 'metadata.name', message: SUBDOMAIN_MESSAGE }]
}

function namespaceViolations(kind: KindName, namespace: unknown): readonly Violation[] {
  const path = 'metadata.namespace'
  const isGiven = namespace !== undefined && namespace !== ''
  if (!KINDS[kind].isNamespaced) {
    return isGiven ? [{ path, message: `must be absent: ${kind} is not in a namespace` }] : []
  }
  if (!isGiven) return [{ path, message: 'is required' }]
  if (typeof namespace === 'string' && isLabelName(namespace)) return []
  return [{ path, message: LABEL_NAME_MESSAGE }]
}

const STRING_FIELDS = ['generateName', 'uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp']

function serverFieldViolations(metadata: Readonly<Record<string, unknown>>): readonly Violation[] {
  const wrong: Violation[] = STRING_FIELDS.filter(
    (name) => metadata[name] !== undefined && typeof metadata[name] !== 'string',
  ).map((name) => ({ path: fieldPath('metadata', name), message: 'must be a string' }))
  const generation = metadata['generation']
  if (generation === undefined || Number.isSafeInteger(generation)) return wrong
  return [...wrong, { path: 'metadata.generation', message: 'must be an integer' }]
}

const LABELS = { isKey: isQualifiedName, isValue: isLabelValue }
const ANNOTATIONS = { isKey: (key: string) => isQualifiedName(key.toLowerCase()), isValue: () => true }

function annotationViolations(annotations: unknown): readonly Violation[] {
  const path = 'metadata.annotations'
  const wrong = mapViolations(path, annotations, ANNOTATIONS)
  if (wrong.length > 0 || !isRecord(annotations)) return wrong
  const bytes = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)),
    0,
  )
  if (bytes <= MOST_ANNOTATION_BYTES) return []
  return [{ path, message: `must have at most ${MOST_ANNOTATION_BYTES} bytes in all` }]
}

interface EntryRules {
  readonly isKey: (key: string) => boolean
  readonly isValue: (value: string) => boolean
}

/** Stops at the first wrong entry: one message shows what is wrong, a hostile object gets no list of thousands. */
function mapViolations(path: string, map: unknown, rules: EntryRules): readonly Violation[] {
  if (map === undefined) return []
  if (!isRecord(map)) return [{ path, message: 'must be an object' }]
  for (const [key, value] of Object.entries(map)) {
    if (!rules.isKey(key)) return [{ path, message: KEY_MESSAGE }]
    if (typeof value !== 'string') return [{ path, message: 'has a value that is not a string' }]
    if (!rules.isValue(value)) return [{ path, message: VALUE_MESSAGE }]
  }
  return []
}

function finalizerViolations(finalizers: unknown): readonly Violation[] {
  const path = 'metadata.finalizers'
  if (finalizers === undefined) return []
  if (!Array.isArray(finalizers)) return [{ path, message: 'must be a list' }]
  const isRight = finalizers.every((name) => typeof name === 'string' && isQualifiedName(name))
  return isRight ? [] : [{ path, message: `has an entry that is wrong: it ${NAME_MESSAGE}` }]
}

function ownerViolations(owners: unknown): readonly Violation[] {
  const path = 'metadata.ownerReferences'
  if (owners === undefined) return []
  if (!Array.isArray(owners)) return [{ path, message: 'must be a list' }]
  if (!owners.every(isOwner)) {
    return [{ path, message: 'has an entry that lacks apiVersion, kind, name or uid' }]
  }
  if (owners.filter((owner) => ownField(owner, 'controller') === true).length <= 1) return []
  return [{ path, message: 'must have at most one controller' }]
}

function isOwner(owner: unknown): boolean {
  return ['apiVersion', 'kind', 'name', 'uid'].every((name) => {
    const value = ownField(owner, name)
    return typeof value === 'string' && value !== ''
  })
}
