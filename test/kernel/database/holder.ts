import { openCluster } from '../../../kernel/database/cluster.ts'
import { openDatabase } from '../../../kernel/database/service-database.ts'
import { readEnv } from '../../../kernel/env.ts'
import { openLog } from '../../../kernel/log.ts'
import { runProcess } from '../../../kernel/process.ts'

/** Holds the embedded server of the folder given, until a signal. */
await runProcess(async () => {
  const log = openLog('holder', 'silent')
  const env = readEnv({ FORGE_DATA: process.argv[2]! })
  await using opening = new AsyncDisposableStack()
  const cluster = opening.use(await openCluster(env.FORGE_DATA, log))
  const database = opening.use(await openDatabase('realtime', env, log))
  const { port, started } = cluster
  process.stdout.write(`${JSON.stringify({ port, started, url: database.url })}\n`)
  return opening.move()
})
