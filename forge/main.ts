import { readEnv } from '../kernel/env.ts'
import { openLog } from '../kernel/log.ts'
import { runProcess } from '../kernel/process.ts'
import { startForge } from './forge.ts'
import { welcome } from './welcome.ts'

await runProcess(async () => {
  const env = readEnv()
  const forge = await startForge(env, service => openLog(service, env.FORGE_LOG))
  process.stdout.write(welcome(forge))
  return forge
})
