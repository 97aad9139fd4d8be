import type { Output } from '#cli/output.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 80

/** Shows what is going on, one line a step, with the seconds it took. */
export interface Progress {
  /** Runs a step under a spinner (on a terminal), then ticks it off; a failing step is crossed and its error passed on. */
  step<T>(text: string, work: () => Promise<T>): Promise<T>
  /** A heading above the next steps. */
  chapter(text: string): void
}

/** Makes the progress of a command for people; with `--output json` it writes nothing. */
export function createProgress(output: Output, stdout: NodeJS.WriteStream): Progress {
  return {
    chapter: (text) => output.print(`\n${output.style('bold', text)}`),
    async step(text, work) {
      const startedAt = performance.now()
      const stopSpinner = output.format === 'text' && output.isTerminal ? spin(text, stdout) : () => {}
      try {
        const result = await work()
        stopSpinner()
        output.print(`  ${output.style('green', '✓')} ${text} ${output.style('gray', seconds(startedAt))}`)
        return result
      } catch (error) {
        stopSpinner()
        output.print(`  ${output.style('red', '✗')} ${text} ${output.style('gray', seconds(startedAt))}`)
        throw error
      }
    },
  }
}

function spin(text: string, stdout: NodeJS.WriteStream): () => void {
  let frame = 0
  const draw = (): void => {
    stdout.write(`\r  ${FRAMES[frame % FRAMES.length] ?? ''} ${text}`)
    frame += 1
  }
  draw()
  const timer = setInterval(draw, FRAME_MS)
  return () => {
    clearInterval(timer)
    stdout.write('\r\u001B[2K')
  }
}

function seconds(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
}
