import {
  all,
  either,
  INTEGER,
  listOf,
  mapOf,
  STRING_MAP,
  STRINGS,
  table,
  type Field,
  type TableField,
} from './field.ts'

const COMMAND_LINE: Field = table({
  ...all('type command', 'string'),
  ...all('padding refreshInterval', 'number'),
  hideVimModeIndicator: 'boolean',
})

const HOOK: Field = table({
  ...all('type command shell if statusMessage prompt model url server tool', 'string'),
  ...all('async asyncRewake continueOnBlock once', 'boolean'),
  ...all('args allowedEnvVars', STRINGS),
  timeout: 'number',
  headers: STRING_MAP,
  input: mapOf('any'),
})

const HOOK_GROUPS: Field = listOf(table({ matcher: 'string', hooks: listOf(HOOK) }))

const EVENTS =
  'PreToolUse PostToolUse PostToolUseFailure PostToolBatch PermissionRequest PermissionDenied Notification UserPromptSubmit UserPromptExpansion MessageDisplay Stop StopFailure SubagentStart SubagentStop PreCompact PostCompact Elicitation ElicitationResult TeammateIdle TaskCreated TaskCompleted Setup InstructionsLoaded CwdChanged FileChanged ConfigChange WorktreeCreate WorktreeRemove SessionStart SessionEnd'

const PERMISSIONS: Field = table({
  ...all('allow deny ask additionalDirectories', STRINGS),
  ...all('defaultMode disableBypassPermissionsMode disableAutoMode', 'string'),
})

const HIDDEN: Field = listOf(table(all('path name mode', 'string')))

const SANDBOX: Field = table({
  ...all(
    'enabled autoAllowBashIfSandboxed allowUnsandboxedCommands enableWeakerNestedSandbox enableWeakerNetworkIsolation failIfUnavailable allowAppleEvents',
    'boolean',
  ),
  ...all('excludedCommands enabledPlatforms', STRINGS),
  ...all('bwrapPath socatPath', 'string'),
  ignoreViolations: mapOf(STRINGS),
  network: table({
    ...all('allowedDomains deniedDomains allowUnixSockets allowMachLookup', STRINGS),
    ...all('allowAllUnixSockets allowLocalBinding allowManagedDomainsOnly', 'boolean'),
    ...all('httpProxyPort socksProxyPort', INTEGER),
  }),
  filesystem: table({
    ...all('allowRead allowWrite denyRead denyWrite', STRINGS),
    allowManagedReadPathsOnly: 'boolean',
  }),
  ripgrep: table({ command: 'string', args: STRINGS }),
  credentials: table(all('files envVars', HIDDEN)),
})

const SOURCE: Field = table({
  ...all('source url repo ref path package hostPattern pathPattern', 'string'),
  headers: STRING_MAP,
})

const MARKETPLACE: Field = table({
  source: SOURCE,
  ...all('installLocation lastUpdated', 'string'),
  autoUpdate: 'boolean',
})

const MCP_RULES: Field = listOf(table({ ...all('serverName serverUrl', 'string'), serverCommand: STRINGS }))

const OPTIONS: Field = mapOf('any')

const SWITCHES =
  'allowManagedHooksOnly allowManagedMcpServersOnly allowManagedPermissionRulesOnly alwaysThinkingEnabled autoCompactEnabled autoMemoryEnabled channelsEnabled disableAgentView disableAllHooks disableSkillShellExecution enableAllProjectMcpServers enforceAvailableModels fastMode fastModePerSessionOptIn fileCheckpointingEnabled forceRemoteSettingsRefresh includeCoAuthoredBy includeGitInstructions prefersReducedMotion respectGitignore respondToBashCommands showClearContextOnPlanAccept showThinkingSummaries showTurnDuration skipDangerousModePermissionPrompt skipWebFetchPreflight spinnerTipsEnabled terminalProgressBarEnabled useAutoModeDuringPlan verbose voiceEnabled wslInheritsWindowsSettings'

const TEXTS =
  '$schema advisorModel agent apiKeyHelper autoMemoryDirectory autoUpdatesChannel awsAuthRefresh awsCredentialExport defaultShell disableDeepLinkRegistration editorMode effortLevel forceLoginMethod gcpAuthRefresh language minimumVersion model otelHeadersHelper outputStyle parentSettingsBehavior plansDirectory pluginTrustMessage prUrlTemplate preferredNotifChannel requiredMaximumVersion requiredMinimumVersion teammateMode theme tui viewMode'

const LISTS =
  'allowedHttpHookUrls availableModels claudeMdExcludes companyAnnouncements disabledMcpjsonServers enabledMcpjsonServers fallbackModel httpHookAllowedEnvVars pluginSuggestionMarketplaces skippedMarketplaces skippedPlugins sshHostAllowlist'

/**
 * The settings of Claude Code, as its documentation and the public schema of `settings.json` have them. Which words a
 * setting takes changes from release to release, so that only kinds are held against it.
 */
export const CLAUDE_FIELDS: TableField = table({
  ...all(SWITCHES, 'boolean'),
  ...all(TEXTS, 'string'),
  ...all(LISTS, STRINGS),
  ...all(
    'cleanupPeriodDays feedbackSurveyRate skillListingBudgetFraction skillListingMaxDescChars',
    'number',
  ),
  ...all('statusLine subagentStatusLine fileSuggestion', COMMAND_LINE),
  env: mapOf(either('string', 'number', 'boolean')),
  permissions: PERMISSIONS,
  hooks: table(all(EVENTS, HOOK_GROUPS)),
  sandbox: SANDBOX,
  attribution: table({ ...all('commit pr', 'string'), sessionUrl: 'boolean' }),
  modelOverrides: STRING_MAP,
  modelPicker: 'any',
  ...all('allowedMcpServers deniedMcpServers', MCP_RULES),
  managedMcpServers: listOf(OPTIONS),
  allowedChannelPlugins: listOf(table(all('marketplace plugin', 'string'))),
  enabledPlugins: mapOf(either('boolean', STRINGS)),
  extraKnownMarketplaces: mapOf(MARKETPLACE),
  ...all('strictKnownMarketplaces blockedMarketplaces', listOf(SOURCE)),
  pluginConfigs: mapOf(table({ mcpServers: mapOf(OPTIONS), options: OPTIONS })),
  strictPluginOnlyCustomization: either('boolean', STRINGS),
  forceLoginOrgUUID: either('string', STRINGS),
  autoMode: table({ ...all('allow soft_deny hard_deny environment', STRINGS), classifyAllShell: 'boolean' }),
  spinnerVerbs: table({ mode: 'string', verbs: STRINGS }),
  spinnerTipsOverride: table({ excludeDefault: 'boolean', tips: STRINGS }),
  skillOverrides: STRING_MAP,
  worktree: table({
    ...all('sparsePaths symlinkDirectories', STRINGS),
    ...all('baseRef bgIsolation', 'string'),
  }),
  sshConfigs: listOf(
    table({ ...all('id name sshHost sshIdentityFile startDirectory', 'string'), sshPort: INTEGER }),
  ),
  voice: table({ ...all('enabled autoSubmit', 'boolean'), mode: 'string' }),
})
