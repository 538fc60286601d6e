import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startFederatedGraph } from '../support/federated-graph.ts'
import { ask } from '../support/gateway.ts'
import { library } from '../support/library.ts'

const main = join(import.meta.dirname, '../../gateway/main.ts')

function startProcess(args: readonly string[], variables: Record<string, string>) {
  const gateway = spawn('node', [main, ...args], { env: { PATH: process.env.PATH, ...variables } })
  let log = ''
  gateway.stderr.on('data', chunk => {
    log += chunk
  })
  return { gateway, log: () => log }
}

it('runs any supergraph as a process of its own, and stops on SIGTERM', async () => {
  await using graph = await startFederatedGraph(library().sources)
  const args = ['--supergraph', graph.file, '--port', '0']
  const { gateway, log } = startProcess(args, { FORGE_AUTH: 'off', FORGE_DATA: graph.folder })
  while (!log().includes('gateway serves')) await once(gateway.stderr, 'data')
  const { url } = JSON.parse(
    log()
      .split('\n')
      .find(line => line.includes('gateway serves'))!,
  ) as { url: string }

  const { data } = await ask({ url } as never, '{ books { title author { name } } }')
  expect(data!.books).toHaveLength(4)

  gateway.kill('SIGTERM')
  expect((await once(gateway, 'exit'))[0]).toBe(0)
})

it.each([
  [['--supergraph', '/nowhere/supergraph.graphql'], {}, '/nowhere/supergraph.graphql'],
  [['--supergraph', main], {}, 'no supergraph that the gateway can run'],
  [['--port', 'x'], {}, 'PORT'],
  [['--colour'], {}, '--supergraph FILE'],
  [[], { FORGE_AUTH: 'off', HOST: '0.0.0.0' }, 'HOST=127.0.0.1'],
])('says in one sentence why it cannot start: %j %j', async (args, variables, reason) => {
  const { gateway, log } = startProcess(args, variables)
  expect((await once(gateway, 'exit'))[0]).toBe(1)
  expect(log()).toContain(reason)
  expect(log()).not.toContain('    at ')
})
