/** The Python script executors that are not ours run. Made from auth_file.py by embed.ts; not edited by hand. */
export const EXECUTOR_SCRIPT = ''
