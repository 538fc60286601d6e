import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { defaultPorts, type Env, readEnv } from '../kernel/env.ts'
import { invalidInput } from '../kernel/errors.ts'
import { type Log, openLog } from '../kernel/log.ts'
import { runProcess } from '../kernel/process.ts'
import type { Serving } from '../kernel/serve.ts'
import { openSubgraph } from './execution/subgraph.ts'
import { readSupergraph } from './execution/supergraph.ts'
import { openAnonymousIdentities, openIdentities } from './identity/identities.ts'
import { openRates } from './identity/rates.ts'
import { openGatewaySigner } from './identity/signing-key.ts'
import { openTokenIssuer } from './identity/tokens.ts'
import { openDocuments } from './limits/documents.ts'
import { serveGateway } from './server.ts'

const ourSupergraph = join(import.meta.dirname, '../schema/supergraph.graphql')
const ourDocuments = join(import.meta.dirname, '../schema/documents.json')

/** Starts the gateway that the environment describes. Throws INVALID_INPUT when it cannot run so. */
export async function startGateway(env: Env, { log }: { readonly log: Log }): Promise<Serving> {
  const supergraph = await readSupergraph(env.SUPERGRAPH ?? ourSupergraph)
  const signer = await openGatewaySigner(env)
  const open = env.FORGE_AUTH === 'off'
  const identities = open
    ? openAnonymousIdentities(signer)
    : openIdentities(signer, env.ORCHESTRATION_URL, openTokenIssuer(env))

  await using parts = new AsyncDisposableStack()
  const subgraphs = Object.fromEntries(
    [...supergraph.subgraphs].map(([name, composed]) => {
      const url = subgraphUrl(env, name, composed)
      return [name, parts.use(openSubgraph({ name, url, sign: identities.sign }))]
    }),
  )
  const rates = parts.use(
    await openRates(
      { identity: env.GATEWAY_RATE_IDENTITY, address: env.GATEWAY_RATE_ADDRESS },
      env.BUS_URL?.startsWith('redis') ? env.BUS_URL : undefined,
      log,
    ),
  )
  const documents = await openDocuments(env.GATEWAY_DOCUMENTS ?? ourDocuments, env.FORGE_DOCUMENTS === 'persisted')
  const port = env.PORT ?? defaultPorts.gateway
  const limits = {
    connections: env.GATEWAY_CONNECTIONS,
    connectionsPerIdentity: env.GATEWAY_CONNECTIONS_PER_IDENTITY,
    operationsPerConnection: env.GATEWAY_OPERATIONS_PER_CONNECTION,
  }
  const serving = parts.use(
    await serveGateway({
      supergraph,
      subgraphs,
      identities,
      jwks: signer.jwks,
      host: env.HOST,
      port,
      open,
      limits,
      rates,
      documents,
      introspection: env.GATEWAY_INTROSPECTION,
      maxCost: env.GATEWAY_MAX_COST,
      origins: env.GATEWAY_ORIGINS,
      proxies: env.GATEWAY_PROXIES,
      sendTimeout: env.GATEWAY_SEND_TIMEOUT * 1_000,
      log,
    }),
  )
  const running = parts.move()
  return { url: serving.url, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** The URL that the environment sets for a service of the forge, else the composed one, else the environment's default. */
function subgraphUrl(env: Env, name: string, composed: string): string {
  const variable = `${name.toUpperCase()}_URL`
  const byDefault = readVariable(readEnv({}), variable)
  const current = readVariable(env, variable)
  const url = current !== byDefault ? current : composed || byDefault
  if (!url || !URL.canParse(url))
    throw invalidInput(`The supergraph gives no usable URL for the subgraph "${name}": "${composed}".`)
  return url
}

const readVariable = (env: Env, variable: string) =>
  (env as Readonly<Record<string, unknown>>)[variable] as string | undefined

/** The environment, with what the command line says instead. */
function readCommandLine(): Env {
  const set = readEnv()
  const { supergraph, port } = readOptions()
  return { ...set, SUPERGRAPH: supergraph ?? set.SUPERGRAPH, PORT: readEnv({ PORT: port }).PORT ?? set.PORT }
}

function readOptions() {
  try {
    return parseArgs({ options: { supergraph: { type: 'string' }, port: { type: 'string' } } }).values
  } catch (error) {
    throw invalidInput(`${(error as Error).message} The gateway takes --supergraph FILE and --port NUMBER.`)
  }
}

if (import.meta.main) {
  await runProcess(async () => {
    const env = readCommandLine()
    return startGateway(env, { log: openLog('gateway', env.FORGE_LOG) })
  })
}
