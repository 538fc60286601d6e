import { parseArgs } from 'node:util'
import { defaultPorts, type Env, readEnv } from '../kernel/env.ts'
import { type Log, openLog } from '../kernel/log.ts'
import { runProcess } from '../kernel/process.ts'
import type { Serving } from '../kernel/serve.ts'
import { openAnonymousIdentities, openIdentities } from './identities.ts'
import { serveGateway } from './server.ts'
import { openGatewaySigner } from './signing-key.ts'
import { openSubgraph } from './subgraph.ts'
import { readSupergraph } from './supergraph.ts'

const ourSupergraph = new URL('../schema/supergraph.graphql', import.meta.url).pathname

/** Starts the gateway that the environment describes. Throws INVALID_INPUT when it cannot run so. */
export async function startGateway(env: Env, { log }: { readonly log: Log }): Promise<Serving> {
  const supergraph = await readSupergraph(env.SUPERGRAPH ?? ourSupergraph)
  const signer = await openGatewaySigner(env)
  const open = env.FORGE_AUTH === 'off'
  const identities = open ? openAnonymousIdentities(signer) : openIdentities(signer, env.ORCHESTRATION_URL)

  await using parts = new AsyncDisposableStack()
  const subgraphs = Object.fromEntries(
    [...supergraph.subgraphs].map(([name, composed]) => {
      const url = subgraphUrl(env, name, composed)
      return [name, parts.use(openSubgraph({ name, url, sign: identities.sign }))]
    }),
  )
  const port = env.PORT ?? defaultPorts.gateway
  const serving = parts.use(
    await serveGateway({ supergraph, subgraphs, identities, jwks: signer.jwks, host: env.HOST, port, open, log }),
  )
  const running = parts.move()
  return { url: serving.url, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** The URL that the environment sets for a service of the forge, else the one that was composed into the supergraph. */
function subgraphUrl(env: Env, name: string, composed: string): string {
  const variable = `${name.toUpperCase()}_URL`
  const set = readVariable(env, variable)
  return set !== undefined && set !== readVariable(readEnv({}), variable) ? set : composed
}

const readVariable = (env: Env, variable: string) =>
  (env as Readonly<Record<string, unknown>>)[variable] as string | undefined

if (import.meta.main) {
  const { values } = parseArgs({ options: { supergraph: { type: 'string' }, port: { type: 'string' } } })
  await runProcess(async () => {
    const set = readEnv()
    const { PORT = set.PORT } = readEnv({ PORT: values.port })
    const env = { ...set, PORT, SUPERGRAPH: values.supergraph ?? set.SUPERGRAPH }
    return startGateway(env, { log: openLog('gateway', env.FORGE_LOG) })
  })
}
