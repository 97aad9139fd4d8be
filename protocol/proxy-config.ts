import { z } from 'zod'

import { moment } from './fields.ts'

/** What a user sees of the personal proxy. */
export const ProxyConfigView = z
  .object({
    configured: z.boolean().meta({ description: 'A proxy is saved and can be used.' }),
    proxy_url_masked: z.string().meta({
      description: 'The proxy without its secrets; empty if none.',
      examples: ['http://***:***@h:80'],
    }),
    proxy_updated_at: moment,
    updated_at: moment,
  })
  .meta({ id: 'ProxyConfig', description: 'The personal proxy of the user.' })

/** What a user sees of the personal proxy. */
export type ProxyConfigView = z.output<typeof ProxyConfigView>

/** The body of `PUT /users/me/proxy-config`. Blank, or absent, clears the proxy. */
export const ProxyConfigUpdate = z
  .object({
    proxy_url: z.string().default('').meta({
      description: 'http, https or socks5 URL with host and port; empty or absent: no proxy any more.',
      writeOnly: true,
    }),
  })
  .meta({ id: 'ProxyConfigUpdate', description: 'The proxy to save.' })

/** The body of `PUT /users/me/proxy-config`. */
export type ProxyConfigUpdate = z.output<typeof ProxyConfigUpdate>
