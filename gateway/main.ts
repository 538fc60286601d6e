import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { defaultPorts, type Env, readEnv } from '../kernel/env.ts'
import { invalidInput } from '../kernel/errors.ts'
import { type Log, openLog } from '../kernel/log.ts'
import { runProcess } from '../kernel/process.ts'
import type { Serving } from '../kernel/serve.ts'
import { openTelemetry } from '../kernel/telemetry/telemetry.ts'
import { openPeerTls } from '../kernel/tls/credentials.ts'
import { openEdition } from './editions/edition.ts'
import { openEditions } from './editions/editions.ts'
import { openSubgraph } from './execution/subgraph.ts'
import { openAnonymousIdentities, openIdentities } from './identity/identities.ts'
import { openRates } from './identity/rates.ts'
import { followRevocationsAt } from './identity/revocations.ts'
import { openGatewaySigner } from './identity/signing-key.ts'
import { openTokenIssuer } from './identity/tokens.ts'
import { openDocuments } from './limits/documents.ts'
import { openGatewayMetrics } from './metrics/metrics.ts'
import { servePeers } from './peers.ts'
import { serveGateway } from './server.ts'
import { openSessions } from './subscriptions/sessions.ts'

const ourSupergraph = join(import.meta.dirname, '../schema/supergraph.graphql')
const ourDocuments = join(import.meta.dirname, '../schema/documents.json')

/** Starts the gateway that the environment describes. Throws INVALID_INPUT when it cannot run so. */
export async function startGateway(env: Env, { log }: { readonly log: Log }): Promise<Serving> {
  await using parts = new AsyncDisposableStack()
  const telemetry = parts.use(await openTelemetry('gateway', env))
  const metrics = openGatewayMetrics(telemetry.metrics)
  const tls = parts.use(openPeerTls(env, log))
  const signer = await openGatewaySigner(env)
  const open = env.FORGE_AUTH === 'off'
  const revocations = open || !env.BUS_URL ? undefined : parts.use(followRevocationsAt(env.BUS_URL, log))
  const identities = open
    ? openAnonymousIdentities(signer)
    : openIdentities({
        signer,
        orchestrationUrls: env.ORCHESTRATION_URL.split(','),
        issuer: openTokenIssuer(env),
        revocations,
        tls,
      })

  const rates = parts.use(
    openRates(
      { identity: env.GATEWAY_RATE_IDENTITY, address: env.GATEWAY_RATE_ADDRESS },
      env.BUS_URL?.startsWith('redis') ? env.BUS_URL : undefined,
      log,
    ),
  )
  const documents = await openDocuments(env.GATEWAY_DOCUMENTS ?? ourDocuments, env.FORGE_DOCUMENTS === 'persisted')
  const port = env.PORT ?? defaultPorts.gateway
  const sessions = parts.use(
    openSessions(
      identities,
      { connections: env.GATEWAY_CONNECTIONS, connectionsPerIdentity: env.GATEWAY_CONNECTIONS_PER_IDENTITY },
      { connected: metrics.connections },
    ),
  )
  revocations?.onRevoked(() => void sessions.look())
  const shared = { identities, rates, open, origins: env.GATEWAY_ORIGINS, log }
  const ofEdition = {
    ...shared,
    documents,
    metrics,
    introspection: env.GATEWAY_INTROSPECTION,
    maxCost: env.GATEWAY_MAX_COST,
  }
  const editions = parts.use(
    await openEditions({
      file: env.SUPERGRAPH ?? ourSupergraph,
      open: (supergraph, subgraphs) => openEdition(ofEdition, sessions, supergraph, subgraphs),
      openSubgraph(name, composed) {
        const timeout = (env.GATEWAY_TIMEOUTS[name] ?? env.GATEWAY_TIMEOUT) * 1_000
        return openSubgraph({
          name,
          urls: subgraphUrls(env, name, composed),
          timeout,
          sign: identities.sign,
          tls,
          metrics,
        })
      },
      log,
    }),
  )
  const serving = parts.use(
    await serveGateway({
      ...shared,
      telemetry,
      editions,
      sessions,
      jwks: signer.jwks,
      host: env.HOST,
      port,
      proxies: env.GATEWAY_PROXIES,
      sendTimeout: env.GATEWAY_SEND_TIMEOUT * 1_000,
      notice: env.GATEWAY_STOP_NOTICE * 1_000,
      drain: env.GATEWAY_DRAIN * 1_000,
      maxConnections: env.GATEWAY_CONNECTIONS,
      maxOperations: env.GATEWAY_OPERATIONS_PER_CONNECTION,
    }),
  )
  if (tls) {
    const health = () => identities.reachable()
    parts.use(await servePeers({ tls, host: env.HOST, port: env.GATEWAY_PEER_PORT, jwks: signer.jwks, health, log }))
  }
  const running = parts.move()
  return { url: serving.url, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** The URLs that the environment sets for a service of the forge, else the composed one, else the environment's default. */
function subgraphUrls(env: Env, name: string, composed: string): readonly string[] {
  const variable = `${name.toUpperCase()}_URL`
  const byDefault = readVariable(readEnv({}), variable)
  const current = readVariable(env, variable)
  const urls = (current !== byDefault ? current : composed || byDefault)?.split(',') ?? []
  if (urls.length === 0 || !urls.every(url => URL.canParse(url)))
    throw invalidInput(`The supergraph gives no usable URL for the subgraph "${name}": "${composed}".`)
  return urls
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
