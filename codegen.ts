import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { printSubgraphSchema } from '@apollo/subgraph'
import type { GraphQLSchema } from 'graphql'
import { generateClient } from './client/codegen.ts'
import { eventContracts } from './forge/event-contracts.ts'
import { permissionsPage } from './gateway/access/table.ts'
import { composeSupergraph } from './schema/compose.ts'
import { schema as models } from './subgraphs/models/graph.ts'
import { schema as monitoring } from './subgraphs/monitoring/graph.ts'
import { schema as orchestration } from './subgraphs/orchestration/graph.ts'
import { schema as realtime } from './subgraphs/realtime/graph.ts'
import { schema as training } from './subgraphs/training/graph.ts'

/**
 * Prints the SDL of each subgraph, the supergraph and API schema that they compose to, and the schemas of all events
 * into schema/, the table of permissions into docs/, and makes the typed client from them.
 * `--check` writes nothing and fails when a committed file differs.
 */
const subgraphs: Record<string, GraphQLSchema> = { training, models, monitoring, realtime, orchestration }

const folder = join(import.meta.dirname, 'schema')
const sdl = Object.fromEntries(
  Object.entries(subgraphs).map(([name, schema]) => [name, `${printSubgraphSchema(schema).trim()}\n`]),
)
const { supergraph, api } = composeSupergraph(sdl)
const files: Record<string, string> = {
  ...Object.fromEntries(Object.entries(sdl).map(([name, text]) => [`subgraphs/${name}.graphql`, text])),
  'supergraph.graphql': supergraph,
  'api.graphql': api,
  '../docs/permissions.md': permissionsPage(supergraph),
  'events.json': `${JSON.stringify(eventContracts(), null, 2)}\n`,
}

if (process.argv.includes('--check')) {
  const stale = Object.entries(files).filter(([name, text]) => readIfThere(join(folder, name)) !== text)
  for (const [name] of stale)
    console.error(`${join('schema', name)} is not what the subgraphs say: run npm run generate and commit it.`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  await generateClient()
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
