import type { ServerResponse } from 'node:http'
import { DomainError } from '../../kernel/errors.ts'
import { loginFailedPage } from '../pages.ts'
import { type HeaderReader, sessionCookie } from './credentials.ts'
import type { Identities, Session } from './identities.ts'

/** GET /login?code=…: turns a code that works once into a session of this browser, and goes on to the graph. */
export async function logIn(
  url: URL,
  header: HeaderReader,
  response: ServerResponse,
  identities: Identities,
): Promise<void> {
  try {
    const session = await identities.login(url.searchParams.get('code') ?? '')
    response.writeHead(303, {
      location: '/graphql',
      'set-cookie': cookie(session, header('x-forwarded-proto') === 'https'),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
    response.end()
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    response.writeHead(error.code === 'UNAVAILABLE' ? 503 : 401, { 'content-type': 'text/html; charset=utf-8' })
    response.end(loginFailedPage(error.message))
  }
}

function cookie({ key, expiresAt }: Session, secure: boolean): string {
  const seconds = Math.max(0, Math.floor((Date.parse(expiresAt) - Date.now()) / 1000))
  return `${sessionCookie}=${key}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${seconds}${secure ? '; Secure' : ''}`
}
