import type { Dice } from './dice.ts'
import { type Node, type Scalar, spellString, type TableOf } from './random-values.ts'

type Kind = 'text' | 'bool' | 'count' | 'seconds' | 'path' | 'texts' | 'map' | readonly string[]

// Settings that the CLI knows. `*` is a name that is free.
const SETTINGS: readonly (readonly [path: string, kind: Kind])[] = [
  ['model', 'text'],
  ['model_reasoning_effort', ['low', 'medium', 'high']],
  ['model_context_window', 'count'],
  ['approval_policy', ['on-failure', 'on-request', 'never']],
  ['sandbox_mode', ['read-only', 'workspace-write', 'danger-full-access']],
  ['sandbox_workspace_write.network_access', 'bool'],
  ['sandbox_workspace_write.writable_roots', ['["/tmp/a"]', '["rel/a", "/abs"]', '[]']],
  ['features.*', 'bool'],
  ['features.multi_agent_v2', 'bool'],
  ['features.multi_agent_v2.usage_hint_text', 'text'],
  ['features.rollout_budget.prefill_token_weight', 'seconds'],
  ['memories.no_memories_if_mcp_or_web_search', 'bool'],
  ['memories.disable_on_external_context', 'bool'],
  ['agents.max_threads', 'count'],
  ['agents.max_concurrent_threads_per_session', 'count'],
  ['mcp_servers.*.command', 'text'],
  ['mcp_servers.*.args', 'texts'],
  ['mcp_servers.*.env', 'map'],
  ['mcp_servers.*.startup_timeout_sec', 'seconds'],
  ['mcp_servers.*.tool_timeout_sec', 'seconds'],
  ['mcp_servers.*.cwd', 'path'],
  ['mcp_servers.*.enabled', 'bool'],
  ['model_providers.*.name', 'text'],
  ['model_providers.*.base_url', 'text'],
  ['model_providers.*.http_headers', 'map'],
  ['model_providers.*.stream_idle_timeout_ms', 'count'],
  ['shell_environment_policy.inherit', ['core', 'all', 'none']],
  ['shell_environment_policy.exclude', 'texts'],
  ['shell_environment_policy.include_only', 'texts'],
  ['shell_environment_policy.set', 'map'],
  [
    'shell_environment_policy.filters',
    ['{ "AWS_*" = "include" }', '{ "aws_*" = "exclude", "B" = "include" }', '{}'],
  ],
  [
    'permissions.p.network.domains',
    ['{ "Example.COM." = "allow" }', '{ "example.com" = "deny" }', '{ "*.A.com" = "allow" }'],
  ],
  ['sqlite_home', 'path'],
  ['notify', 'texts'],
  ['history.persistence', ['save-all', 'none']],
  ['history.max_bytes', 'count'],
  ['tui.notifications', ['true', 'false', '["agent-turn-complete"]']],
  ['tui.theme', 'text'],
  ['hide_agent_reasoning', 'bool'],
  ['tools.web_search', 'bool'],
  ['web_search', ['disabled', 'cached', 'live']],
  ['project_doc_max_bytes', 'count'],
  ['project_root_markers', 'texts'],
  ['skills.config', ['[{ path = "./s", enabled = false }]', '[{ path = "/abs/s", enabled = true }]']],
  ['projects.*.trust_level', ['trusted', 'untrusted']],
  ['file_opener', ['vscode', 'cursor', 'none']],
  ['log_dir', 'path'],
  ['otel.environment', 'text'],
  ['check_for_update_on_startup', 'bool'],
]

const WRONG = ['5', '"text"', 'true', '[1]', '{ a = 1 }', '1.5', '1979-05-27', '[]', '{}', '-1'] as const

/** Puts a few settings into a table that the CLI knows; `wrongShare` of them with a value of some other kind. */
export function addSettings(dice: Dice, table: TableOf, wrongShare: number): void {
  for (let left = dice.between(1, 4); left > 0; left -= 1) {
    const [path, kind] = dice.pick(SETTINGS) ?? ['model', 'text' as const]
    const text = dice.chance(wrongShare) ? dice.pick(WRONG) : spell(dice, kind)
    put(
      table,
      path.split('.').map((key) => (key === '*' ? dice.pick(['a', 'b', 'x.y']) : key)),
      scalar(text),
    )
  }
  // A profile that nobody chooses is refused.
  if (table.entries.has('permissions')) table.entries.set('default_permissions', scalar('"p"'))
  complete(dice, table.entries.get('mcp_servers'), 'command')
  complete(dice, table.entries.get('model_providers'), 'name')
}

/** A server without a command and a provider without a name fit nothing; most of them get one. */
function complete(dice: Dice, tables: Node | undefined, key: string): void {
  if (tables?.kind !== 'table' || dice.chance(0.05)) return
  for (const table of tables.entries.values()) {
    if (table.kind === 'table' && !table.entries.has(key)) table.entries.set(key, scalar('"run"'))
  }
}

function spell(dice: Dice, kind: Kind): string {
  switch (kind) {
    case 'text':
      return spellString(dice, dice.pick(['one', 'two', 'é', '']))
    case 'bool':
      return dice.pick(['true', 'false'])
    case 'count':
      return dice.pick(['1', '10', '4_000', '0x20'])
    case 'seconds':
      return dice.pick(['10', '2.5', '1', '0.0', '1e2', '120', '0.1', '3.0'])
    case 'path':
      return spellString(
        dice,
        dice.pick(['rel/a', './b', '../up/c', '/abs/d', 'a//b/./c', '~/e', '/abs/../f']),
      )
    case 'texts':
      return dice.pick(['["one", "two"]', '[]', '["A_*"]', '["X", "y"]'])
    case 'map':
      return dice.pick(['{ A = "1" }', '{ "x.y" = "2", B = "3" }', '{}', '{ A = "4", C = "5" }'])
    default:
      return spellWord(dice, kind)
  }
}

function spellWord(dice: Dice, words: readonly string[]): string {
  const word = dice.pick(words) ?? ''
  return /^[[{]|^(?:true|false)$/u.test(word) ? word : `"${word}"`
}

function put(table: TableOf, path: readonly string[], node: Node): void {
  const [key = '', ...rest] = path
  if (rest.length === 0) return void table.entries.set(key, node)
  const below = table.entries.get(key)
  const next: TableOf = below?.kind === 'table' ? below : { kind: 'table', entries: new Map() }
  table.entries.set(key, next)
  put(next, rest, node)
}

function scalar(text: string): Scalar {
  return { kind: 'scalar', text }
}
