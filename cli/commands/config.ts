import type { Context } from '#cli/context.ts'
import { toTable } from '#cli/output.ts'

/** Prints every setting with its value and its origin. None of them is a secret: keys and tokens are files. */
export function showConfig({ output, origins }: Context): void {
  output.json({ items: origins })
  const lines = toTable(
    origins,
    [
      { heading: 'SETTING', cell: (row) => row.name },
      { heading: 'VALUE', cell: (row) => row.value },
      {
        heading: 'ORIGIN',
        cell: (row) => (row.source === null ? row.origin : `${row.origin} (${row.source})`),
        style: (row) => (row.origin === 'default' ? 'gray' : undefined),
      },
      { heading: 'DESCRIPTION', cell: (row) => row.description },
    ],
    output,
  )
  for (const line of lines) output.print(line)
}
