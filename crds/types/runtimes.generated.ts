// Generated from crds/runtimes/*.yaml by `npm run generate`. Do not edit.
import type { Runtime } from './runtime.ts'

/** The runtimes that ship with the product, ordered by name. */
export const BUILT_IN_RUNTIMES: readonly Runtime[] = [
  {
    "apiVersion": "agent.wecode.io/v1",
    "kind": "Runtime",
    "metadata": {
      "name": "claude"
    },
    "spec": {
      "displayName": "Claude Code",
      "processName": "claude",
      "auth": {
        "targetPath": "~/.claude/.credentials.json",
        "format": "json",
        "homeVariable": "CLAUDE_CONFIG_DIR",
        "fields": {
          "refreshToken": "/claudeAiOauth/refreshToken"
        },
        "validation": {
          "maxBytes": 524288
        }
      },
      "proxy": {
        "schemes": [
          "http",
          "https"
        ]
      },
      "config": {
        "path": "~/.claude/settings.json",
        "format": "json"
      }
    }
  },
  {
    "apiVersion": "agent.wecode.io/v1",
    "kind": "Runtime",
    "metadata": {
      "name": "codex"
    },
    "spec": {
      "displayName": "Codex",
      "processName": "codex",
      "auth": {
        "targetPath": "~/.codex/auth.json",
        "format": "json",
        "homeVariable": "CODEX_HOME",
        "fields": {
          "accountId": "/tokens/account_id",
          "refreshToken": "/tokens/refresh_token",
          "lastRefresh": "/last_refresh"
        },
        "validation": {
          "maxBytes": 524288
        }
      },
      "proxy": {
        "schemes": [
          "http",
          "https",
          "socks5"
        ]
      },
      "config": {
        "path": "~/.codex/config.toml",
        "format": "toml"
      }
    }
  },
]
