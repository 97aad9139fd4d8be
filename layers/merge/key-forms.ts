import { isIP } from 'node:net'

import type { KeyForm } from '#layers/rules.ts'
import type { TomlTable, TomlValue } from '#layers/value.ts'
import { trimWhiteSpace } from '#layers/white-space.ts'

/**
 * A table with all its keys in the form in which they are compared with another layer's. Of two keys that become one the
 * last counts.
 *
 * `host-name`: without a port, brackets and trailing dots, A to Z in lower case, the scope of an address after one `%`.
 * `lower-case`: as Unicode has it. Both as seen on codex 0.169.0.
 */
export function tableInForm(table: TomlTable, form: KeyForm['form']): TomlTable {
  const formed = new Map<string, TomlValue>()
  for (const [key, value] of table) formed.set(keyInForm(key, form), value)
  return formed
}

function keyInForm(key: string, form: KeyForm['form']): string {
  return form === 'host-name' ? hostName(key) : key.toLowerCase()
}

// Names of hosts have letters of ASCII alone; others stay as they were written.
function asciiLowerCase(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

const BRACKETED = /^\[([^\]]*)\]/

function hostName(key: string): string {
  const host = trimWhiteSpace(key)
  const bracketed = BRACKETED.exec(host)?.[1]
  if (bracketed !== undefined) return dnsName(bracketed)
  // Two colons and more are an address of IP version 6, one separates a port.
  const parts = host.split(':')
  return dnsName(parts.length === 2 ? (parts[0] ?? '') : host)
}

function dnsName(text: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === '.') end -= 1
  const host = asciiLowerCase(text.slice(0, end))
  const scoped = /^([^%]*)%(?:25)?(.*)$/s.exec(host)
  const [, address = '', scope = ''] = scoped ?? []
  return isIP(address) === 0 ? host : `${address}%${scope}`
}
