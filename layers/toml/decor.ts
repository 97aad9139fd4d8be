/**
 * What stands before and after something that means something: blank space, line ends and comments, without carriage
 * returns. `null` is what nobody wrote: the renderer then puts what is usual in that place.
 */
export interface Decor {
  readonly prefix: string | null
  readonly suffix: string | null
}

/** Nothing was written around it: every place gets what is usual there. */
export const USUAL_DECOR: Decor = { prefix: null, suffix: null }

/** A piece of a text as decor. Carriage returns go, because an edited document has one kind of line end. */
export function blank(text: string, start: number, end: number): string {
  const piece = text.slice(start, end)
  return piece.includes('\r') ? piece.replaceAll('\r', '') : piece
}
