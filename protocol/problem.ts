import { z } from 'zod'

/** Media type of {@link Problem}. */
export const PROBLEM_TYPE = 'application/problem+json'

/** What every error is answered with (RFC 9457). It never repeats what the client sent. */
export const Problem = z
  .object({
    type: z
      .string()
      .meta({ description: 'URI reference that names the kind of problem.', examples: ['about:blank'] }),
    title: z.string().meta({ description: 'What is wrong, the same for every problem of this kind.' }),
    status: z.int().min(400).max(599).meta({ description: 'HTTP status code.' }),
    detail: z.string().meta({ description: 'What was expected, what came, what to do.' }),
    code: z
      .string()
      .meta({ description: 'Constant name of the problem, for programs.', examples: ['AUTH_NOT_JSON'] }),
    errors: z
      .array(
        z.object({
          path: z
            .string()
            .meta({ description: 'JSON pointer into the request body.', examples: ['/device_id'] }),
          message: z.string().meta({ description: 'What was expected there.' }),
        }),
      )
      .optional()
      .meta({ description: 'The places of the body that are wrong.' }),
  })
  .meta({ id: 'Problem', description: 'Why a request was refused (RFC 9457).' })

/** What every error is answered with. */
export type Problem = z.output<typeof Problem>
