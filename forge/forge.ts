import { createServer } from 'node:http'
import { join } from 'node:path'
import { startGateway } from '../gateway/main.ts'
import { openCluster } from '../kernel/database/cluster.ts'
import { takeDataFolder } from '../kernel/database/data-folder.ts'
import { withEmbeddedDatabases } from '../kernel/database/service-database.ts'
import { defaultPorts, type Env } from '../kernel/env.ts'
import type { Log } from '../kernel/log.ts'
import { close, listen, type Serving } from '../kernel/serve.ts'
import { startModels } from '../subgraphs/models/main.ts'
import { startMonitoring } from '../subgraphs/monitoring/main.ts'
import { startOrchestration } from '../subgraphs/orchestration/main.ts'
import { startRealtime } from '../subgraphs/realtime/main.ts'
import { startTraining } from '../subgraphs/training/main.ts'
import { startWorker } from '../subgraphs/training/worker/main.ts'

export interface Forge extends AsyncDisposable {
  readonly url: string
  /** Works once, within ten minutes. */
  readonly loginUrl: string
  readonly adminKeyFile: string
}

/** The whole forge in this process: every service on a loopback port of its own, training in child processes. */
export async function startForge(given: Env, logOf: (service: string) => Log): Promise<Forge> {
  // Mutual TLS is for the links between processes, and this is one.
  const env: Env = { ...given, FORGE_TLS_CERT: undefined, FORGE_TLS_KEY: undefined, FORGE_TLS_CA: undefined }
  await using parts = new AsyncDisposableStack()
  parts.use(await takeDataFolder(env.FORGE_DATA))
  const cluster = parts.use(await openCluster(env.FORGE_DATA, logOf('postgres'), { own: true }))

  const port = env.PORT === 0 ? await freePort(env.HOST) : (env.PORT ?? defaultPorts.gateway)
  const gatewayUrl = `http://${env.HOST.includes(':') ? `[${env.HOST}]` : env.HOST}:${port}`
  const databases = await withEmbeddedDatabases(env, cluster)
  const inside: Env = { ...databases, HOST: '127.0.0.1', PORT: 0, GATEWAY_URL: gatewayUrl }

  const [training, models, monitoring, realtime, orchestration] = await startAll(parts, [
    startTraining(inside, logOf('training')),
    startModels(inside, logOf('models')),
    startMonitoring(inside, logOf('monitoring')),
    startRealtime(inside, logOf('realtime')),
    startOrchestration(inside, logOf('orchestration')),
  ])
  const graphql = (service: Serving) => `${service.url}/graphql`
  const gateway = parts.use(
    await startGateway(
      {
        ...env,
        BUS_URL: databases.BUS_URL,
        PORT: port,
        GATEWAY_URL: gatewayUrl,
        TRAINING_URL: graphql(training),
        MODELS_URL: graphql(models),
        MONITORING_URL: graphql(monitoring),
        REALTIME_URL: graphql(realtime),
        ORCHESTRATION_URL: graphql(orchestration),
      },
      { log: logOf('gateway') },
    ),
  )
  // After the gateway: trying the executors takes all cores for a while, and the graph should not wait for that.
  parts.use(await startWorker(inside, logOf('worker')))

  const running = parts.move()
  return {
    url: gateway.url,
    loginUrl: `${gateway.url}/login?code=${orchestration.loginCode}`,
    adminKeyFile: join(env.FORGE_DATA, 'admin-key'),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Starts services side by side; when one fails, the others are closed with the stack and its error is thrown. */
async function startAll<T extends readonly Promise<AsyncDisposable>[]>(
  parts: AsyncDisposableStack,
  starting: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const outcomes = await Promise.allSettled(starting)
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') parts.use(outcome.value)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return outcomes.map(outcome => (outcome as PromiseFulfilledResult<AsyncDisposable>).value) as never
}

/** The subgraphs must know the gateway's address before it serves, so a free port is chosen beforehand. */
async function freePort(host: string): Promise<number> {
  const server = createServer()
  const url = await listen(server, host, 0)
  await close(server)
  return Number(new URL(url).port)
}
