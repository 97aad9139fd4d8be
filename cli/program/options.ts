import { type Command, InvalidArgumentError, Option } from 'commander'

import type { Context, GlobalFlags } from '#cli/context.ts'
import { SETTINGS, type SettingName, variableOf } from '#cli/settings.ts'

/** Settings of every command that talks to a server. */
export const CLIENT: readonly SettingName[] = ['server', 'token-file']

/** Settings of every command that keeps running. */
export const LOGS: readonly SettingName[] = ['log-level', 'log-format']

/** Adds a flag for each of the settings, `--config` and `--output`. */
export function withSettings(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) {
    command.option(
      `--${name} <value>`,
      `${SETTINGS[name].description}: ${SETTINGS[name].expected} [${variableOf(name)}]`,
    )
  }
  return withOutput(command).option(
    '--config <file>',
    'settings file (default: ~/.config/runtimeconfig/config.yaml)',
  )
}

/** Adds `--output` alone, for commands that heed no settings. */
export function withOutput(command: Command): Command {
  return command.addOption(
    new Option('--output <format>', 'how to show the result').choices(['text', 'json']).default('text'),
  )
}

/** Adds examples below the help of a command, each a whole command line. */
export function withExamples(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`)
}

/** Makes the context of a command from its flags. */
export async function contextOf(command: Command): Promise<Context> {
  const { createContext } = await import('#cli/context.ts')
  return await createContext(command.optsWithGlobals<GlobalFlags>())
}

/** Refuses a command line for a reason that commander cannot know; ends like its own refusals. */
export function refuseUsage(command: Command, message: string): never {
  return command.error(`error: ${message}`, { code: 'commander.usage' })
}

/** For words that are shown to people: 1 to 100 characters. */
export function shortText(text: string): string {
  const { length } = Array.from(text)
  if (length >= 1 && length <= 100) return text
  throw new InvalidArgumentError(`Expected 1 to 100 characters, got ${length}.`)
}

/**
 * Names the commands of a group whose first one is the default: without this, a misspelt one would count as an argument too many
 * of the default.
 */
export function refuseUnknownIn(group: Command, words: readonly string[]): void {
  const [unknown] = words
  if (unknown === undefined) return
  const known = group.commands.map((command) => command.name())
  refuseUsage(group, `unknown command ${JSON.stringify(unknown)}; expected one of ${known.join(', ')}`)
}
