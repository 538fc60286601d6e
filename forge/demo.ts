import { readFileSync } from 'node:fs'
import pc from 'picocolors'
import { connectForge } from '../client/forge.ts'
import { readEnv } from '../kernel/env.ts'
import { openLog } from '../kernel/log.ts'
import { runProcess } from '../kernel/process.ts'
import { readDemoOptions } from './demo-options.ts'
import { trainAndShow } from './demo-run.ts'
import { startForge } from './forge.ts'
import { welcome } from './welcome.ts'

/**
 * Starts the forge, trains a language model on Moby-Dick through its public graph alone, and lets it write; then goes
 * on serving, or ends with `--exit`.
 */
await runProcess(
  async () => {
    const options = readDemoOptions()
    const env = readEnv()
    process.stdout.write(pc.dim('Starting the forge: PostgreSQL, five subgraphs, the gateway and a worker …\n'))
    const forge = await startForge(env, service => openLog(service, 'error'))
    return Object.assign(forge, { options })
  },
  async (forge, stopped) => {
    const { exit, steps, seed } = forge.options
    const apiKey = readFileSync(forge.adminKeyFile, 'utf8').trim()
    await using client = connectForge({ url: forge.url, apiKey })
    await trainAndShow(client, { steps, seed, stopped })
    if (exit) {
      process.stdout.write(
        `${pc.bold('npm start')} serves it again, with what it has learned, on ${forge.url}/graphql\n`,
      )
      return 'leave'
    }
    process.stdout.write(`${welcome(forge)}${pc.dim('Ctrl-C stops it.')}\n`)
    return 'stay'
  },
)
