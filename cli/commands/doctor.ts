import type { Context } from '#cli/context.ts'
import type { Finding } from '#cli/doctor/check.ts'
import { checkServer } from '#cli/doctor/client-side.ts'
import { checkServerSide } from '#cli/doctor/server-side.ts'
import type { Style } from '#cli/output.ts'

const MARKS: Readonly<Record<Finding['verdict'], readonly [string, Style]>> = {
  ok: ['✓', 'green'],
  warning: ['!', 'yellow'],
  problem: ['✗', 'red'],
  skipped: ['·', 'gray'],
}

/** Looks for what is wrong on this machine; exits with 1 when something does not work. */
export async function doctor(context: Context): Promise<void> {
  const { output } = context
  const findings = [...(await checkServerSide(context)), ...(await checkServer(context))]
  const problems = findings.filter(({ verdict }) => verdict === 'problem').length
  output.json({ healthy: problems === 0, findings })
  for (const { check, verdict, message, advice } of findings) {
    const [mark, style] = MARKS[verdict]
    output.print(`${output.style(style, mark)} ${check.padEnd(15)} ${message}`)
    if (advice !== null) output.print(`  ${' '.repeat(15)} → ${advice}`)
  }
  output.print(problems === 0 ? '\nnothing is wrong' : `\n${problems} to mend`)
  if (problems > 0) process.exitCode = 1
}
