import { unauthenticated } from '../../kernel/errors.ts'

/** Name of the cookie that a login in the browser leaves; its value is an API key of limited life. */
export const sessionCookie = 'forge_session'
const cookieForm = new RegExp(`(?:^|;\\s*)${sessionCookie}=([^;\\s]+)`)

/** Reads a header of an HTTP request, whichever kind of request it is. */
export type HeaderReader = (name: string) => string | null | undefined

/**
 * The API key that a request brings: as `Authorization: Bearer …`, as the `authorization` of a graphql-ws connection's
 * init payload, or as the cookie of a page that this gateway served.
 */
export function keyOf(header: HeaderReader, initAuthorization?: string): string | undefined {
  const authorization = initAuthorization ?? header('authorization')
  if (authorization) {
    const key = /^Bearer (\S+)$/i.exec(authorization)?.[1]
    if (!key)
      throw unauthenticated('The header Authorization must read "Bearer KEY", with one API key and nothing else.')
    return key
  }
  const cookies = header('cookie')
  const cookie = cookies ? cookieForm.exec(cookies)?.[1] : undefined
  return cookie && isFromOurPages(header) ? cookie : undefined
}

/** Whether a browser sent this from a page of this very gateway. What is no browser sends no Origin, and passes. */
export function isFromOurPages(header: HeaderReader): boolean {
  const origin = header('origin')
  if (origin) return URL.canParse(origin) && new URL(origin).host === header('host')
  return ['same-origin', 'none'].includes(header('sec-fetch-site') ?? 'none')
}

/** A page of another site can point its own name at this machine: without keys, only the names of loopback are safe. */
export function isLoopbackHost(host: string | null | undefined): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(host ?? '')
}
