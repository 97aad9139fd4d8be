import { randomUUID } from 'node:crypto'

import type { Response } from 'express'

const IDS = new WeakMap<Response, string>()

/** Gives the id under which the log speaks of a request; made when it is first asked for. */
export function requestIdOf(res: Response): string {
  const known = IDS.get(res)
  if (known !== undefined) return known
  const id = randomUUID()
  IDS.set(res, id)
  return id
}
