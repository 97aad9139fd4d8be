import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { CommandFailure } from '#agent/command-failure.ts'
import { openHome } from '#agent/home.ts'
import { locate, namesInside, parseTargetPath } from '#agent/target-path.ts'
import { aFolder } from '#test/support/command-devices.ts'

const segment = fc.oneof(
  fc.constantFrom('.', '..', '', 'a', '.codex', '~', '...', '\0', 'é'),
  fc.string({ minLength: 1, maxLength: 8 }),
)
const path = fc
  .tuple(fc.constantFrom('~/', '~', '/', '', '~root/'), fc.array(segment, { maxLength: 8 }))
  .map(([start, segments]) => start + segments.join('/'))

describe('a target path', () => {
  it('is names below the home directory, or is refused', () => {
    fc.assert(
      fc.property(path, (text) => {
        const names = namesOrRefusal(text)
        const isBad = (name: string) => /^(|\.|\.\.)$|\/|\0/.test(name)
        expect(names === null || (text.startsWith('~/') && names.length > 0 && !names.some(isBad))).toBe(true)
      }),
    )
  })

  it('means the same when it is written out again', () => {
    fc.assert(
      fc.property(path, (text) => {
        const names = namesOrRefusal(text) ?? ['fine']
        expect(namesOrRefusal(`~/${names.join('/')}`)).toEqual(names)
      }),
    )
  })

  it('is never refused for a harmless name', () => {
    const name = fc.stringMatching(/^[-_a-z0-9.]{1,40}$/).filter((name) => !/^\.{1,2}$/.test(name))
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 6 }), (names) => {
        expect(parseTargetPath(`~/${names.join('/')}`)).toEqual(names)
      }),
    )
  })

  it('is refused with a zero character', () => {
    expect(() => parseTargetPath('~/a\0b')).toThrow('target path must not contain a zero character')
  })

  it('stays below the home directory wherever a variable moves it', () => {
    using folder = aFolder()
    fc.assert(
      fc.property(path, fc.string(), (text, moved) => {
        const home = openHome(folder.path, { X_HOME: moved })
        expect(
          shownOrRefusal(() => locate(home, { targetPath: text, homeVariable: 'X_HOME' }).shownPath),
        ).toMatch(/^(~\/|target path must|target path is|X_HOME must be an absolute path$|a folder of)/)
      }),
    )
  })

  it('works where the home directory is the root of everything', () => {
    expect(namesInside(openHome('/', {}), '/')).toEqual([])
    expect(namesInside(openHome('/', {}), '/nowhere/to/be/found')).toEqual(['nowhere', 'to', 'be', 'found'])
  })
})

function namesOrRefusal(text: string): readonly string[] | null {
  try {
    return parseTargetPath(text)
  } catch (error) {
    if (error instanceof CommandFailure && error.exitCode === 64) return null
    throw error
  }
}

function shownOrRefusal(show: () => string): string {
  try {
    return show()
  } catch (error) {
    if (error instanceof CommandFailure) return error.message
    throw error
  }
}
