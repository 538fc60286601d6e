import { readEnv } from '../kernel/env.ts'
import { openLog } from '../kernel/log.ts'
import { runProcess } from '../kernel/process.ts'
import { startForge } from './forge.ts'
import { welcome } from './welcome.ts'

const env = readEnv()
await runProcess(async () => {
  const forge = await startForge(env, service => openLog(service, env.FORGE_LOG))
  process.stdout.write(welcome(forge))
  return forge
})
