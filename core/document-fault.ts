import { toSentence } from './sentence.ts'

/** Why a stored auth document cannot be delivered: what a condition and an explanation say. */
export interface DocumentFault {
  readonly reason: DocumentFaultReason
  /** Sentences for people: what is wrong, and what to do. Never anything of the document. */
  readonly message: string
}

/** A constant for each way a stored document can be unusable. */
export type DocumentFaultReason =
  | 'DecryptFailed'
  | 'SecretRefUnsupported'
  | 'SecretMissing'
  | 'SecretKeyMissing'
  | 'SecretMalformed'
  | 'SecretUnreadable'

/** Names the entry of a Secret that holds a document. */
export interface DocumentSecret {
  readonly name: string
  readonly key: string
}

const NOTHING_THERE: ReadonlySet<DocumentFaultReason> = new Set([
  'SecretRefUnsupported',
  'SecretMissing',
  'SecretKeyMissing',
])

/** Tells whether there is no document at all, rather than one that cannot be used. */
export function isNothingThere({ reason }: DocumentFault): boolean {
  return NOTHING_THERE.has(reason)
}

/** Says that a sealed document does not open. @param why a sentence, as sealing gives it */
export function notOpening(why: string): DocumentFault {
  const message = `The stored auth document does not open; nothing is sent to any device. ${toSentence(why)}`
  return { reason: 'DecryptFailed', message }
}

/** Says that a resource refers to something only a cluster has. */
export function secretRefUnsupported(): DocumentFault {
  return {
    reason: 'SecretRefUnsupported',
    message:
      'spec.auth.secretRef names a Secret of a Kubernetes cluster, and this server runs without one. Upload the auth document instead.',
  }
}

/** Says that the Secret is not there. */
export function secretMissing(namespace: string, { name }: DocumentSecret): DocumentFault {
  return {
    reason: 'SecretMissing',
    message: `There is no Secret ${name} in the namespace ${namespace}. Create it, or correct spec.auth.secretRef.name.`,
  }
}

/** Says that nobody knows what the Secret holds, for now. @param why a sentence, as the store gives it */
export function secretUnreadable({ name }: DocumentSecret, why: string): DocumentFault {
  return {
    reason: 'SecretUnreadable',
    message: `The Secret ${name} could not be read, which is tried again and again. ${toSentence(why)}`,
  }
}

/** Says that the Secret is there, and the entry is not. */
export function secretKeyMissing({ name, key }: DocumentSecret): DocumentFault {
  return {
    reason: 'SecretKeyMissing',
    message: `The Secret ${name} has no key ${key}. Add it, or correct spec.auth.secretRef.key.`,
  }
}

/** Says that the entry holds no auth document of the runtime. @param why a sentence without content, as checking gives it */
export function secretMalformed({ name, key }: DocumentSecret, why: string): DocumentFault {
  return {
    reason: 'SecretMalformed',
    message: `The key ${key} of the Secret ${name} holds no usable auth document; nothing is sent to any device. ${toSentence(why)}`,
  }
}
