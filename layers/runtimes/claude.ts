import { rulesFor } from '#layers/precedence.ts'

import { CLAUDE_FIELDS } from './claude-fields.ts'
import type { RuntimeProfile } from './profile.ts'
import { typedProfile } from './typed-profile.ts'

/** The profile of Anthropic's Claude Code, whose settings are JSON. It rewrites nothing before it counts. */
export function claudeProfile(): RuntimeProfile {
  return typedProfile({
    runtime: 'claude',
    format: 'json',
    rules: rulesFor('claude'),
    root: CLAUDE_FIELDS,
  })
}
