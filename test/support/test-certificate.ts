// Made once with openssl for tests only; they trust nothing and guard nothing. Valid for a hundred years.
const wrap = (kind: string, body: string) => `-----BEGIN ${kind}-----\n${body}\n-----END ${kind}-----\n`

/** A certificate for `localhost` and `127.0.0.1` that nobody trusts until a test says so, and its key. */
export const TEST_CERTIFICATE = {
  cert: wrap(
    'CERTIFICATE',
    'MIIBmjCCAUGgAwIBAgIUOjm+iwwsjULeqyzqI64tnfwzYN4wCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTExMzM1OVoYDzIxMjYxMDI4MTEzMzU5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQnnGYoExW04dhj08GXx15RuIbM6bwIXLtjAkDRN0aatyC4FFMeAO8P5tTQIYqPCgpYpbDRsw//6eyCTvm16ZjRo28wbTAdBgNVHQ4EFgQU3kgExYXwbR25MObAqGTyPcheTbowHwYDVR0jBBgwFoAU3kgExYXwbR25MObAqGTyPcheTbowDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZIzj0EAwIDRwAwRAIgEM5OypDQKz4vBiAo3lqVBX5RaENwObT3zjGyAKGnIXICID9rbKqBYxGLM/A04EBVba12cON95QbSjK1OggoivvVm',
  ),
  key: wrap(
    'PRIVATE KEY',
    'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgG7cGcVO1Ao8lGh3L66rr5Tzrqgz72YkJ8pw0R9XZbMKhRANCAAQnnGYoExW04dhj08GXx15RuIbM6bwIXLtjAkDRN0aatyC4FFMeAO8P5tTQIYqPCgpYpbDRsw//6eyCTvm16ZjR',
  ),
} as const
