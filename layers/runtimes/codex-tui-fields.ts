import { BYTE, COUNT_32 } from './codex-common-fields.ts'
import { differs, newer } from './codex-releases.ts'
import {
  all,
  COUNT,
  either,
  INTEGER,
  mapOf,
  STRING_MAP,
  STRINGS,
  table,
  words,
  type Field,
  type Fields,
} from './field.ts'

const KEYS: Field = either('string', STRINGS)

const OLDER_KEYMAPS = {
  approval: 'approve approve_for_prefix approve_for_session cancel decline deny open_fullscreen open_thread',
  chat: 'decrease_reasoning_effort edit_queued_message increase_reasoning_effort',
  composer: 'history_search_next history_search_previous queue submit toggle_shortcuts',
  editor:
    'delete_backward delete_backward_word delete_forward delete_forward_word insert_newline kill_line_end kill_line_start move_down move_left move_line_end move_line_start move_right move_up move_word_left move_word_right yank',
  global: 'clear_terminal copy open_external_editor open_transcript queue submit toggle_shortcuts',
  list: 'accept cancel move_down move_up',
  pager:
    'close close_transcript half_page_down half_page_up jump_bottom jump_top page_down page_up scroll_down scroll_up',
} as const

const NEWER_KEYMAPS = {
  agents:
    'resume search new_task new_worktree fork rename stop archive delete hide toggle_pin toggle_grouping',
  approval: OLDER_KEYMAPS.approval,
  chat: `${OLDER_KEYMAPS.chat} open_presets toggle_voice toggle_voice_mute interrupt_turn previous_permission_mode next_permission_mode prompt_stack_back skip_question`,
  composer: OLDER_KEYMAPS.composer,
  editor: `${OLDER_KEYMAPS.editor} kill_whole_line`,
  global: `${OLDER_KEYMAPS.global} leader change_host focus_main_composer focus_sidebar_content focus_sidebar_tabs hide_pane close_sidebar_tab sidebar_up sidebar_down focus_pane_left focus_pane_right minimize_pane_width maximize_pane_width equalize_pane_widths resize_panes move_divider_left move_divider_right toggle_pane_zoom open_agents find_transcript select_transcript focus_activity toggle_vim_mode toggle_fast_mode toggle_raw_output toggle_side_conversation`,
  list: `${OLDER_KEYMAPS.list} move_left move_right page_up page_down jump_top jump_bottom`,
  pager: `${OLDER_KEYMAPS.pager} find`,
  vim_normal:
    'enter_insert append_after_cursor append_line_end insert_line_start open_line_below open_line_above enter_replace_mode move_left move_right move_up move_down move_word_forward move_word_backward move_word_end move_line_start move_line_end find_forward find_backward till_forward till_backward jump_top jump_bottom delete_char replace_char repeat_last_change substitute_char delete_to_line_end change_to_line_end yank_line paste_after start_delete_operator start_yank_operator start_change_operator undo redo cancel_operator',
  vim_operator:
    'delete_line yank_line motion_left motion_right motion_up motion_down motion_word_forward motion_word_backward motion_word_end motion_line_start motion_line_end motion_find_forward motion_find_backward motion_till_forward motion_till_backward motion_jump_top motion_jump_bottom select_inner_text_object select_around_text_object cancel',
  vim_search: 'forward backward next previous',
  vim_text_object: 'word big_word parentheses brackets braces double_quote single_quote backtick cancel',
} as const

function keymap(contexts: Readonly<Record<string, string>>, isClosed: boolean): Field {
  const tables = Object.entries(contexts).map(
    ([name, actions]) => [name, table(all(actions, KEYS), { isClosed })] as const,
  )
  return table(Object.fromEntries(tables), { isClosed })
}

const SCREEN = words('auto always never')

/** What more it holds has not been seen. */
const PRESET = table({ input: 'string' }, { others: 'any', required: ['input'] })

const TUI = table({
  alternate_screen: SCREEN,
  ...all('animations show_tooltips', 'boolean'),
  keymap: differs(keymap(OLDER_KEYMAPS, true), keymap(NEWER_KEYMAPS, false)),
  model_availability_nux: mapOf(COUNT_32),
  notification_condition: words('unfocused always'),
  notification_method: differs(words('auto osc9 bel'), words('auto osc9 osc777 bel')),
  notifications: either('boolean', STRINGS),
  ...all('status_line terminal_title', STRINGS),
  terminal_resize_reflow_max_rows: COUNT,
  theme: 'string',
  copy_on_select: newer(SCREEN),
  effects: newer(table(all('effort progress shimmer starfield title welcome', 'boolean'))),
  mouse_scroll_speed: newer('float'),
  pet: newer('string'),
  pet_anchor: newer(words('composer screen-bottom')),
  ...all('raw_output_mode status_line_use_colors vim_mode_default', newer('boolean')),
  rendering: newer(table(all('lists math mermaid tables', 'boolean'))),
  resume_cwd: newer(words('current session')),
  right_click_paste: newer(words('auto on off')),
  session_picker_view: newer(words('comfortable dense')),
  agents_overview_grouping: newer(words('project status model')),
  ...all(
    'auto_recap collapse_turn_details copy_on_select_clear_selection disable_paste_burst fullscreen_transcript question_esc_back screen_reader_detection_done show_server_version_notice',
    newer('boolean'),
  ),
  default_hosts: newer(mapOf(STRING_MAP)),
  presets: newer(mapOf(PRESET)),
  sidebar_width_percent: newer(BYTE),
})

const HISTORY: Fields = { max_bytes: COUNT, persistence: words('save-all none') }

/** What a person sees in the terminal, and what the CLI remembers of it. */
export const TUI_FIELDS: Fields = {
  tui: TUI,
  notice: table({
    external_config_migration_prompts: table({
      home: 'boolean',
      home_last_prompted_at: INTEGER,
      project_last_prompted_at: mapOf(INTEGER),
      projects: mapOf('boolean'),
    }),
    ...all(
      'fast_default_opt_out hide_full_access_warning hide_gpt-5.1-codex-max_migration_prompt hide_gpt5_1_migration_prompt hide_rate_limit_model_nudge hide_world_writable_warning',
      'boolean',
    ),
    hide_gov_cloud_guidance: newer('boolean'),
    model_migrations: STRING_MAP,
  }),
  history: differs(table(HISTORY, { required: ['persistence'] }), table(HISTORY)),
  file_opener: words('vscode vscode-insiders windsurf cursor none'),
  ...all('check_for_update_on_startup disable_paste_burst', 'boolean'),
}
