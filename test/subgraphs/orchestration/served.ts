import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Identity } from '../../../kernel/auth/identity.ts'
import { newSigningKey, openSigner } from '../../../kernel/auth/tokens.ts'
import { openBusAt } from '../../../kernel/bus/open.ts'
import { readEnv } from '../../../kernel/env.ts'
import { close, listen } from '../../../kernel/serve.ts'
import { retention } from '../../../schema/events.ts'
import { startOrchestration } from '../../../subgraphs/orchestration/main.ts'
import { scratchDatabase } from '../../support/scratch.ts'
import { silentLog } from '../../support/silent-log.ts'

interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into whatever they asked for
  readonly data?: any
  readonly errors?: { readonly message: string; readonly extensions: { readonly code: string } }[]
}

/** Orchestration on databases of its own, and somebody who signs as a gateway does. */
export async function serveOrchestration() {
  const stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'forge-orchestration-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const database = stack.use(await scratchDatabase())
  const busDatabase = stack.use(await scratchDatabase())
  const signer = await openSigner(await newSigningKey())
  const gateway = createServer((_request, response) => response.end(JSON.stringify(signer.jwks)))
  stack.defer(() => close(gateway))
  const gatewayUrl = await listen(gateway, '127.0.0.1', 0)
  const bus = stack.use(await openBusAt(busDatabase.url, retention, silentLog))
  const env = readEnv({
    PORT: '0',
    FORGE_DATA: folder,
    GATEWAY_URL: gatewayUrl,
    BUS_URL: busDatabase.url,
    ORCHESTRATION_DATABASE_URL: database.url,
  })
  const service = stack.use(await startOrchestration(env, silentLog))

  const post = async (path: string, body: unknown, identity?: Identity, audience = 'orchestration') =>
    fetch(`${service.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(identity && { authorization: `Bearer ${await signer.sign(identity, audience)}` }),
      },
      body: JSON.stringify(body),
    })
  return {
    folder,
    bus,
    service,
    database,
    post,
    ask: async (identity: Identity | undefined, query: string, variables = {}): Promise<Answer> =>
      (await post('/graphql', { query, variables }, identity)).json() as Promise<Answer>,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
