import { AppError } from '#core/errors.ts'

/** What follows from how a task ended. */
export interface Course {
  done(): void
  /** What was read is out of date: take it up again at once. */
  again(): void
  /** Worth another try after a while; a failure that is not in the table of errors, a bug, counts as one. */
  later(error: unknown): void
  /** Pointless until something changes. */
  stall(error: AppError): void
}

/** Runs a task of the controller to its end. The only place in here that catches everything; never rejects. */
export async function run(task: () => Promise<void>, course: Course): Promise<void> {
  try {
    await task()
    course.done()
  } catch (error) {
    if (!(error instanceof AppError)) return course.later(error)
    switch (error.retry) {
      case 'now':
        return course.again()
      case 'later':
        return course.later(error)
      case 'never':
        return course.stall(error)
    }
  }
}
