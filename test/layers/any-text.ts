import * as fc from 'fast-check'

const LAST_BEFORE_SURROGATES = 0xd7ff
const SURROGATES = 0x800

/**
 * Any character of Unicode, those of ASCII and the first and last of each plane more often. The unit `binary` of fast-check
 * gives the same and takes a second to begin with.
 */
export function anyCharacter(): fc.Arbitrary<string> {
  const anywhere = fc.integer({ min: 0, max: 0x10ffff - SURROGATES })
  return fc
    .oneof(
      fc.integer({ min: 0, max: 0x7f }),
      fc.constantFrom(0xfeff, 0x85, 0xa0, 0xd7ff, 0xd800, 0xf7ff, 0xf800),
      anywhere,
    )
    .map((index) => String.fromCodePoint(index > LAST_BEFORE_SURROGATES ? index + SURROGATES : index))
}

/** Any well-formed text, empty too. */
export function anyText(constraints: fc.StringConstraints = {}): fc.Arbitrary<string> {
  return fc.string({ ...constraints, unit: anyCharacter() })
}
