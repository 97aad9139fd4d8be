/** A machine of the recorded cases: its kernel's name and the text of its /etc/hosts. */
export interface RecordedHost {
  readonly kernel: string
  readonly etcHosts: string
}

/** What a resolver with nothing but the hosts file answers as the canonical name: the first name of the line that fits. */
export function canonicalName({ kernel, etcHosts }: RecordedHost): string | null {
  const lines = etcHosts.split('\n').map((line) => line.split(/\s+/).slice(1))
  const line = lines.find((names) => names.some((name) => name.toLowerCase() === kernel.toLowerCase()))
  return line?.[0] ?? null
}
