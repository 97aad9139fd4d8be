import type { SyncDesired } from './auth-sync-input.ts'

/** What the advice depends on. */
export interface UnblockQuestion {
  readonly reason: string
  readonly desired: SyncDesired
}

/**
 * Says what a person can do about a reason, in one sentence.
 *
 * `null` when there is nothing to do: all is well, the operator is at work, or the owner of the device decided.
 */
export function unblockOf(question: UnblockQuestion): string | null {
  const advice = ADVICE.get(question.reason)
  return typeof advice === 'function' ? advice(question.desired) : (advice ?? null)
}

type Advice = string | ((desired: SyncDesired) => string)

/** Importing would store the document in the resource, in place of the reference: of a Secret only its owner can decide. */
function keepOrMove({ document }: SyncDesired): string {
  if (document?.secret === undefined)
    return 'Import it from the device to keep that login everywhere, or move the file away on the device to get the stored one.'
  return `Put it into the Secret ${document.secret.name} yourself to keep that login everywhere, or move the file away on the device to get the one in the Secret.`
}

const ADVICE: ReadonlyMap<string, Advice> = new Map(
  Object.entries<Advice>({
    Enabled: ({ runtime }) => `Switch the user configuration on for ${runtime}.`,
    Stored: ({ runtime }) =>
      `Upload the auth document of ${runtime}, or import it from a device that is logged in.`,
    Decryptable: 'Store the auth document again, or put the key it was sealed with back into the keyring.',
    SecretMissing: 'Create the Secret, or correct spec.auth.secretRef.name.',
    SecretKeyMissing: 'Add the key to the Secret, or correct spec.auth.secretRef.key.',
    SecretMalformed: 'Put an auth document that fits the runtime into the Secret.',
    SecretRefUnsupported: ({ runtime }) => `Upload the auth document of ${runtime} to this server.`,
    NotSuspended: ({ suspendedBy, runtime }) => {
      if (suspendedBy === 'user') return 'An administrator has to activate the user again.'
      const object = suspendedBy === 'device' ? 'the Device' : `the UserRuntimeConfig ${runtime}`
      return `Set spec.suspend to false on ${object}.`
    },
    DeviceKnown: 'Start the agent on the device, with a token of this user.',
    Online:
      'Start the agent on the device, or check its network; it goes on by itself once the device is back.',
    Supported: 'Use an agent on the machine itself; this kind of device is left alone.',
    Reported: 'Update the agent on the device, or look at what it says about the file.',
    DigestNotReported: 'Move the file away on the device to get the stored document, or run our agent there.',
    KeptByPolicy: 'Set spec.auth.updatePolicy to IfStale, or move the file away on the device.',
    NewerOnDevice: keepOrMove,
    RotatedOnDevice: keepOrMove,
    WrittenElsewhere: keepOrMove,
    OtherAccount: keepOrMove,
    NotADocument: 'Repair the file or move it away on the device; then the stored document is delivered.',
    NotQuarantined: 'Mend what the device complains about; then start its agent again or request a sync.',
    PathMismatch: ({ runtime }) =>
      `Make the device's agent and its commands look at the same file of ${runtime} (home directory, the CLI's own variable), then restart the agent.`,
    CommandUnsupported: 'Update the agent on the device.',
    OlderDocument: ({ document }) =>
      document?.secret === undefined
        ? 'Import the login from the device if it still has it, or upload the stored one again: an upload is newer than all before it.'
        : `Set spec.auth.updatedAt to now if what the Secret ${document.secret.name} holds is to replace what the device got later.`,
  }),
)
