import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import ours from '../../package.json' with { type: 'json' }
import theirs from '../rivals/package.json' with { type: 'json' }
import { type Running, run } from './process.ts'

const root = join(import.meta.dirname, '../..')
const rivals = join(root, 'bench/rivals')

export interface Contender {
  readonly name: string
  readonly version: string
  readonly url: string
  start(supergraph: string, data: string): Running
}

const contender = (
  name: string,
  version: string,
  port: number,
  start: (port: string, supergraph: string, data: string) => Running,
) => ({
  name,
  version,
  url: `http://127.0.0.1:${port}/graphql`,
  start: (supergraph: string, data: string) => start(String(port), supergraph, data),
})

/** The gateways, each a process of its own; all on the Node that runs the benchmark. */
export const contenders: readonly Contender[] = [
  contender('ours', ours.version, 4110, (port, supergraph, data) =>
    run([join(root, 'gateway/main.ts'), '--supergraph', supergraph, '--port', port], {
      env: { FORGE_AUTH: 'off', FORGE_LOG: 'error', FORGE_DATA: data },
    }),
  ),
  contender('apollo', theirs.dependencies['@apollo/gateway'], 4111, (port, supergraph) =>
    run([join(rivals, 'apollo.js')], { env: { PORT: port, SUPERGRAPH: supergraph } }),
  ),
  hive('hive', 4112, 'off'),
  hive('hive with router runtime', 4113, 'on'),
]

function hive(name: string, port: number, runtime: 'on' | 'off'): Contender {
  return contender(name, theirs.dependencies['@graphql-hive/gateway'], port, (at, supergraph) =>
    run(
      [
        join(rivals, 'node_modules/@graphql-hive/gateway/dist/bin.js'),
        'supergraph',
        supergraph,
        '--config-path',
        'gateway.config.js',
        '--host',
        '127.0.0.1',
        '--port',
        at,
      ],
      { cwd: rivals, env: { ROUTER_RUNTIME: runtime } },
    ),
  )
}

/** The rivals weigh some 300 MB, so they are installed by who measures, not with the forge. */
export function installRivals(): void {
  if (existsSync(join(rivals, 'node_modules/.package-lock.json'))) return
  console.error('Installing the rivals …')
  execFileSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], { cwd: rivals, stdio: ['ignore', 2, 2] })
}
