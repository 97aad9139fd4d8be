/**
 * Whether a value at this path is a secret by the name of its key: a token, a key, a password, a header that carries one.
 * A key that only names where the secret is (`env_key`, `bearer_token_env_var`, `secret_file`) is none.
 */
export function isSecretKey(path: readonly string[]): boolean {
  const name = path.at(-1)
  if (name === undefined || NAMES_A_PLACE.test(name) || path.some(isMapOfPlaces)) return false
  return SECRET_NAME.test(snakeCase(name)) || SECRET_HEADER.test(name)
}

/** Whether a text is a secret by how it looks: a URL with a password, a private key, a token of a known maker. */
export function isSecretValue(value: string): boolean {
  return SECRET_TEXTS.some((pattern) => pattern.test(value))
}

/** `API_KEY`, `openai_api_key`, `apiKey`, `TOKEN`, `GITHUB_TOKEN`, `client-secret`; not `max_tokens` and not `keymap`. */
const SECRET_NAME =
  /(^|_)(api_?key|access_?key|secret_?key|private_?key|signing_?key|account_?key|auth_?key|key|token|secret|secrets|password|passwd|passphrase|credential|credentials)(_\d+|_value)?$/

const SECRET_HEADER = /^(proxy-)?authorization$|^cookie$|^x-api-key$|^api-key$/i

/** The value is the name of a variable or of a file, or a command that prints the secret. */
const NAMES_A_PLACE =
  /(^env_key$|_env_var$|_env_?key$|_file$|_path$|_dir$|_url$|Helper$|_helper$|_command$|^client-private-key$)/

const SECRET_TEXTS = [
  /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s@:]*:[^/?#\s@]+@/i,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /^(Bearer|Basic) \S{8,}$/i,
  /\b(sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|AKIA[0-9A-Z]{16}|glpat-[\w-]{16,})/,
]

function isMapOfPlaces(name: string): boolean {
  return name === 'env_http_headers' || name === 'keymap'
}

function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[-.]/g, '_')
    .toLowerCase()
}
