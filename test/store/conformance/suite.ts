import { describe } from 'vitest'

import { describeCreating } from './creating.ts'
import { describeDeleting } from './deleting.ts'
import { describeModel } from './model.ts'
import { describeReading } from './reading.ts'
import { describeSelecting } from './selecting.ts'
import type { OpenSubject } from './subject.ts'
import { describeUpdating } from './updating.ts'
import { describeWatching } from './watching.ts'

/** Holds a store to the semantics of Kubernetes. One line for each adapter; the cases are the same for all. */
export function describeStore(name: string, open: OpenSubject): void {
  describe(`the ${name} store`, () => {
    describeReading(open)
    describeCreating(open)
    describeUpdating(open)
    describeDeleting(open)
    describeSelecting(open)
    describeWatching(open)
    describeModel(open)
  })
}
